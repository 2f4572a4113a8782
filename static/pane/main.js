/** Starts the pane: makes each part and joins them. Nothing else happens here. */
import { createChannel } from "./channel.js";
import { createCanvas } from "./host/canvas.js";
import { createOpenCti } from "./host/open-cti.js";
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
const around = { parent: window.parent, origin: boot.origins.parent, listen, after };
const t = translator(boot.language);
const store = createStore(reduce, initialState);
const canvas = createCanvas({ ...around, frameName: window.name });

const policy = /** @type {any} */ (document).permissionsPolicy ?? /** @type {any} */ (document).featurePolicy;
const microphone = createMicrophone({
  secure: window.isSecureContext,
  policyAllows: policy ? () => policy.allowsFeature("microphone") : null,
  permission: navigator.permissions ? () => navigator.permissions.query({ name: /** @type {any} */ ("microphone") }) : null,
  getUserMedia: navigator.mediaDevices ? (constraints) => navigator.mediaDevices.getUserMedia(constraints) : null,
});

const pane = createPane({
  store,
  microphone,
  t,
  now,
  signIn: canvas.repost,
  session: (request, onRenewal) => createSession({
    token: boot.session,
    now,
    renew: async () => request("session.renew", { signedRequest: await canvas.refreshSignedRequest() }, { timeout: 15_000 }),
    onRenewal,
  }),
  channel: (listener, session) => createChannel({
    ...listener,
    url: boot.channel,
    pane: crypto.randomUUID(),
    token: session.token,
    expired: session.expired,
    focused: () => document.hasFocus(),
    connect: (url, protocols) => new WebSocket(url, protocols),
    now,
    random: Math.random,
    after,
  }),
  host: (listener) => createOpenCti({ ...around, ...listener, language: boot.language }),
  phone: (listener, ask) => createSipPhone({
    ...listener,
    url: boot.sip,
    ticket: async () => String((await ask("sip.ticket")).ticket),
    microphone: microphone.open,
    audio: /** @type {HTMLAudioElement} */ (document.getElementById("remote-audio")),
    tones: createTones(() => new AudioContext(), () => listener.onProblem("sound-blocked"), listener.onSound),
    now,
    random: Math.random,
    after,
    userAgent: `FCC Connector for Salesforce ${boot.version}`,
  }),
});

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
addEventListener("focus", pane.focused);
addEventListener("pointerdown", pane.focused);
addEventListener("online", pane.online);
for (const gesture of ["pointerdown", "keydown"]) addEventListener(gesture, pane.unlockSound, { once: true });
askBeforeLeaving(window, () => carriesCall(store.get()));
addEventListener("pagehide", pane.leave);
addEventListener("pageshow", (event) => {
  if (event.persisted) pane.comeBack();
});
pane.start();
