/** Joins the channel, the host, the phone and the screens. Everything it touches is handed in; nothing is decided here. */
import { createActions } from "./actions.js";
import { createAttention } from "./attention.js";
import { createDialling } from "./dialling.js";
import { createEvents } from "./events.js";
import { createFollower } from "./host/follower.js";
import { createNotices } from "./notices.js";
import { createKeeper } from "./phone/keeper.js";
import { createMicrophoneCheck } from "./phone/microphone-check.js";
import { createRecords } from "./records.js";
import { view } from "./state/view.js";

/**
 * @typedef {object} PaneDependencies the pane's neighbours are made here, each with whom it tells of what happens
 * @property {import("./state/store.js").PaneStore} store
 * @property {(listener: ChannelListener, session: import("./session.js").Session) => import("./channel.js").Channel} channel
 * @property {(listener: import("./host/port.js").HostListener) => import("./host/port.js").Host} host
 * @property {(request: import("./channel.js").Channel["request"], onRenewal: (failed: boolean) => void) => import("./session.js").Session} session
 * @property {(listener: import("./phone/port.js").PhoneListener, ask: import("./phone/port.js").Ask) => import("./phone/port.js").Phone} phone
 * @property {import("./phone/microphone.js").Microphone} microphone
 * @property {() => void} signIn have the page signed in anew
 * @property {import("./i18n/index.js").Translate} t
 * @property {() => number} now milliseconds
 *
 * @typedef {Pick<import("./channel.js").ChannelDependencies, "onHello"|"onEvent"|"onLink">} ChannelListener
 *
 * @typedef {object} Pane
 * @property {import("./screens/port.js").Actions} act
 * @property {() => void} start
 * @property {() => void} tick about once a second
 * @property {() => void} focused the agent's attention is on this pane
 * @property {() => void} online the browser has a network again
 * @property {() => void} unlockSound after a click
 * @property {() => void} leave the page goes away, and the sound of its call with it
 * @property {() => void} comeBack the browser had kept the page and shows it again
 */

/**
 * @param {PaneDependencies} deps
 * @returns {Pane}
 */
export function createPane({ store, t, now, signIn, ...deps }) {
  const look = () => view(store.get(), now());
  const notices = createNotices({ store, t, sentence: (code) => host.sentence(code) });

  /** @type {import("./session.js").Session} */
  const session = deps.session((...asked) => channel.request(...asked), (failed) => {
    if (failed) notices.tell("session-renewal-failed", "", "warning");
    else notices.close("session-renewal-failed");
  });
  const channel = deps.channel({
    onLink: (link) => store.dispatch({ type: "link", link, at: now() }),
    onHello: (hello) => keeper.greeted(hello),
    onEvent: (event) => onEvent(event),
  }, session);
  const host = deps.host({
    onReady(hello) {
      void microphone.check(); // the page may have said what withholds it
      follower.greeted(hello);
    },
    onNumberClicked(number, record) {
      follower.showPhone();
      void dialling.dial(number, record);
    },
  });
  const phone = deps.phone({
    onPhase: (phase, code) => keeper.onPhase(phase, code),
    onSignalling: (up) => store.dispatch({ type: "signalling", up }),
    onCall: (call) => store.dispatch({ type: "phone.call", call }),
    onReport: (report) => void channel.request("call.report", { ...report }).catch(() => undefined),
    onProblem: (code) => notices.tell(code),
    onSound: () => notices.close("sound-blocked"),
  }, (...asked) => keeper.ask(...asked));

  const microphone = createMicrophoneCheck({ microphone: deps.microphone, host, store, notices });
  const follower = createFollower({ host, look, warn: (code) => notices.tell(code, "", "warning") });
  const keeper = createKeeper({ store, channel, phone, notices, inCall: () => look().call !== null, now });
  const records = createRecords({ store, channel, host, notices });
  const dialling = createDialling({ store, look, channel, phone, microphone, notices, now });
  const onEvent = createEvents({ store, keeper, dialling, records, follower, session, notices, now });

  return {
    act: createActions({ store, channel, phone, keeper, microphone, dialling, records, notices, signIn }),
    focused: createAttention({ channel, now }),
    online: channel.hurry,
    unlockSound: phone.unlockSound,
    leave() {
      phone.hangUp();
      phone.stop();
      channel.close(); // a page that the browser keeps would hold the phone as long as its socket is open
    },
    comeBack: channel.open,
    start() {
      store.dispatch({ type: "phone.can", can: phone.can });
      store.subscribe(follower.follow);
      void microphone.check();
      host.start();
      channel.open();
    },
    tick() {
      channel.tick();
      session.tick();
      keeper.tick();
    },
  };
}
