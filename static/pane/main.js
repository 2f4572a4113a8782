/** Starts the pane: makes each part and joins them. Nothing else happens here. */
import { createChannel } from "./channel.js";
import { createBridge } from "./host/bridge.js";
import { createCanvas } from "./host/canvas.js";
import { translator } from "./i18n/index.js";
import { askBeforeLeaving } from "./leaving.js";
import { createPane } from "./pane.js";
import { createMicrophone } from "./phone/microphone.js";
import { createSipPhone } from "./phone/sip.js";
import { createTones } from "./phone/tones.js";
import { mount } from "./screens/app.js";
import { createSession } from "./session.js";
import { initialState, reduce } from "./state/reducer.js";
import { createStore } from "./state/store.js";
import { carriesCall } from "./state/view.js";

/**
 * @typedef {object} Boot what the server put on the page
 * @property {string} session
 * @property {string} language
 * @property {{name: string, extension: string|null}} agent
 * @property {{parent: string}} origins
 * @property {string} channel
 * @property {string} sip
 * @property {string} version
 */

/** @type {Boot} */
const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}");
document.getElementById("boot")?.remove();

const now = () => Date.now();
const after = (/** @type {() => void} */ callback, /** @type {number} */ milliseconds) => setTimeout(callback, milliseconds);
const listen = (/** @type {(event: any) => void} */ listener) => addEventListener("message", listener);
const host = { parent: window.parent, origin: boot.origins.parent, listen, after };
const t = translator(boot.language);
const store = createStore(reduce, initialState);
const pane = createPane(() => parts);

const policy = /** @type {any} */ (document).permissionsPolicy ?? /** @type {any} */ (document).featurePolicy;
const microphone = createMicrophone({
  secure: window.isSecureContext,
  policyAllows: policy ? () => policy.allowsFeature("microphone") : null,
  permission: navigator.permissions ? () => navigator.permissions.query({ name: /** @type {any} */ ("microphone") }) : null,
  getUserMedia: navigator.mediaDevices ? (constraints) => navigator.mediaDevices.getUserMedia(constraints) : null,
});

const canvas = createCanvas({ ...host, frameName: window.name });
const session = createSession({
  token: boot.session,
  now,
  signedRequest: canvas.refreshSignedRequest,
  renew: (signedRequest) => channel.request("session.renew", { signedRequest }, { timeout: 15_000 }),
  onRenewal: pane.onRenewal,
});
const channel = createChannel({
  url: boot.channel,
  pane: crypto.randomUUID(),
  token: session.token,
  expired: session.expired,
  focused: () => document.hasFocus(),
  connect: (url, protocols) => new WebSocket(url, protocols),
  now,
  random: Math.random,
  after,
  onHello: pane.onHello,
  onEvent: pane.onEvent,
  onLink: pane.onLink,
});
const bridge = createBridge({
  ...host,
  onHello: pane.onHostHello,
  onClickToDial: pane.onClickToDial,
  onNavigation: () => undefined,
});
const phone = createSipPhone({
  ...pane.phoneListener,
  url: boot.sip,
  ticket: pane.ticket,
  microphone: microphone.open,
  audio: /** @type {HTMLAudioElement} */ (document.getElementById("remote-audio")),
  tones: createTones(() => new AudioContext(), () => pane.phoneListener.onProblem("sound-blocked"), pane.phoneListener.onSound),
  now,
  random: Math.random,
  after,
  userAgent: `FCC Connector for Salesforce ${boot.version}`,
});
const parts = { store, channel, bridge, canvas, session, phone, microphone, t, now, after };

const screen = mount({
  root: /** @type {HTMLElement} */ (document.getElementById("pane")),
  document,
  store,
  act: pane.act,
  t,
  agent: boot.agent,
  icons: new URL(__ICONS__, import.meta.url).href,
  now,
});

const clock = new Worker(new URL(__WORKER__, import.meta.url));
clock.onmessage = () => {
  pane.tick();
  screen.draw();
};
addEventListener("focus", pane.onFocus);
addEventListener("pointerdown", pane.onFocus);
addEventListener("online", channel.hurry);
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, phone.unlockSound, { once: true });
askBeforeLeaving(window, () => carriesCall(store.get()));
addEventListener("pagehide", () => {
  phone.hangUp(); // its sound ends with the page
  phone.stop();
});
pane.start();
