/**
 * The pane's own telephone: SIP over WebSocket and WebRTC, by JsSIP. Here is how it signs on and off; what happens in a
 * call stands in `line.js`.
 *
 * One call at a time; a second one that comes in meanwhile is answered "busy here", so that the queue gives it to
 * somebody else.
 */
import { UA } from "jssip";

import { withKnownChallenge } from "./challenges.js";
import { readable } from "./dialog.js";
import { createLine } from "./line.js";
import { MicrophoneError, release } from "./microphone.js";
import { withReadableParties } from "./parties.js";
import { createTicketSocket } from "./socket.js";
import { createSpeaker } from "./speaker.js";

/** @typedef {import("./line.js").Line} Line */

/**
 * @typedef {object} SipCredentials
 * @property {string} uri
 * @property {string} username
 * @property {string} password
 * @property {RTCIceServer[]} [iceServers]
 */

/**
 * @typedef {import("./port.js").PhoneListener & {
 *   url: string,
 *   ticket: () => Promise<string>,
 *   microphone: () => Promise<MediaStream>,
 *   audio: HTMLAudioElement,
 *   tones: import("./tones.js").Tones,
 *   now: () => number,
 *   random: () => number,
 *   after: (callback: () => void, milliseconds: number) => unknown,
 *   userAgent: string,
 * }} SipDependencies
 */

const REGISTER_EXPIRES = 300;
const CLOSING_GRACE = 1500;
const SIGNING_OFF_TAKES = 1000;
/** As much of a number as a report of a call may carry. */
const LONGEST_NUMBER = 80;

/** Nobody rejected the call: it may ring at once at the agent's other pane. */
const AWAY = Object.freeze({ status_code: 480, reason_phrase: "Temporarily Unavailable" });
const BUSY = Object.freeze({ status_code: 486, reason_phrase: "Busy Here" });

/**
 * @param {SipDependencies} deps
 * @returns {import("./port.js").Phone}
 */
export function createSipPhone(deps) {
  let ua = /** @type {UA|null} */ (null); // JsSIP's; null while the phone is off
  let credentials = /** @type {SipCredentials|null} */ (null); // the newest
  let socket = /** @type {import("./socket.js").TicketSocket|null} */ (null); // under the UA
  let line = /** @type {Line|null} */ (null); // the one call
  let preparing = false; // a call of ours waits for the microphone
  let leaving = false; // the phone was given up, and closes when its call is over
  /** Sessions of calls that the agent ended while FCC could not be told; it is told as soon as it can. @type {Set<any>} */
  const parting = new Set();
  const speaker = createSpeaker({ audio: deps.audio, onBlocked: () => deps.onProblem("sound-blocked"), onPlaying: deps.onSound });
  const connected = () => ua?.isConnected() ?? false;

  // ---------------------------------------------------------------- signing on and off

  /** @param {SipCredentials} next */
  function start(next) {
    const returning = leaving;
    leaving = false;
    credentials = next;
    if (ua) {
      ua.set("password", next.password);
      const mine = ua;
      if (returning) {
        // The socket was let in under a lead that is over, and JsSIP does not sign on by itself once it has signed off.
        mine.once("connected", () => mine.register());
        socket?.reopen();
      } else if (!mine.isRegistered()) mine.register();
      return;
    }
    socket = createTicketSocket({
      url: deps.url,
      ticket: deps.ticket,
      connect: (url, protocol) => new WebSocket(url, protocol),
      readable: (data) => {
        const message = withReadableParties(data);
        line?.hear(message);
        return readable(withKnownChallenge(message));
      },
    });
    const mine = new UA({
      sockets: [/** @type {any} */ (socket)],
      uri: next.uri,
      authorization_user: next.username,
      password: next.password,
      register: true,
      register_expires: REGISTER_EXPIRES,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
      user_agent: deps.userAgent,
    });
    ua = mine;
    const current = (/** @type {() => void} */ then) => () => {
      if (ua === mine && !leaving) then();
    };
    mine.on("connected", () => {
      if (ua === mine) signalling(true);
    });
    mine.on("disconnected", () => {
      if (ua === mine) signalling(false);
    });
    mine.on("connecting", current(() => deps.onPhase("connecting", null)));
    mine.on("disconnected", current(() => {
      line?.disconnected();
      deps.onPhase("connecting", "phone-no-connection");
    }));
    mine.on("registered", current(() => deps.onPhase("registered", null)));
    mine.on("unregistered", current(() => {
      if (mine.isConnected()) deps.onPhase("unregistered", null); // else it is connecting again
    }));
    mine.on("registrationFailed", (event) => {
      if (ua !== mine || leaving) return;
      const status = event.response?.status_code ?? null;
      if (status === null) deps.onPhase("connecting", "phone-no-connection");
      else deps.onPhase("failed", status === 401 || status === 403 || status === 407 ? "phone-refused" : "phone-failed");
    });
    mine.on("newRTCSession", (/** @type {any} */ event) => {
      if (event.originator === "remote") ringing(event.session, event.request);
    });
    deps.onPhase("connecting", null);
    mine.start();
  }

  /** @param {boolean} up the socket to FCC is open, so that something can be asked of a call */
  function signalling(up) {
    deps.onSignalling(up);
    if (!up) return;
    for (const session of parting) if (!session.isEnded()) session.terminate();
    parting.clear();
    line?.reconnected();
  }

  function stop() {
    if (!ua) return;
    leaving = true;
    deps.onPhase("unregistered", null);
    if (!line) return shut();
    const handed = line.answering() ? null : line;
    const handOver = () => {
      if (leaving && line === handed) handed?.refuse(AWAY);
    };
    ua.once("unregistered", handOver);
    deps.after(handOver, SIGNING_OFF_TAKES);
    try {
      ua.unregister();
    } catch {
      // not connected: the registration runs out by itself
    }
  }

  function shut() {
    ua?.stop();
    ua = null;
    socket = null;
    leaving = false;
  }

  // ---------------------------------------------------------------- calls

  /**
   * @param {any} session
   * @param {import("./line.js").Begun} begun
   * @param {MediaStream|null} stream
   */
  function take(session, begun, stream) {
    line = createLine({
      session,
      begun,
      stream,
      iceServers: credentials?.iceServers ?? [],
      connected,
      transmit: (request) => /** @type {any} */ (ua)?.transport.send(request),
      microphone: deps.microphone,
      speaker,
      tones: deps.tones,
      now: deps.now,
      random: deps.random,
      after: deps.after,
      onCall: deps.onCall,
      onReport: deps.onReport,
      onProblem: deps.onProblem,
      onOver(untold) {
        line = null;
        if (untold) parting.add(session);
        if (leaving) deps.after(() => void (leaving && !line && shut()), CLOSING_GRACE);
      },
    });
  }

  /**
   * @param {import("./port.js").Dial} dial
   * @param {Promise<MediaStream>} opening the microphone, asked for while the server judged the dial
   */
  async function call({ number, dialId }, opening) {
    if (!ua || !credentials) return fail("phone-not-ready", opening);
    if (line || preparing) return fail("agent-busy", opening);
    preparing = true;
    /** @type {MediaStream} */
    let stream;
    try {
      stream = await opening;
    } catch (error) {
      deps.onProblem(error instanceof MicrophoneError ? error.code : "mic-failed");
      return;
    } finally {
      preparing = false;
    }
    if (!ua || line) return fail("phone-not-ready", Promise.resolve(stream));
    const domain = /** @type {string} */ (credentials.uri.replace(/^sips?:/, "").split("@").at(-1)).split(";")[0];
    let sipCallId = "";
    ua.once("newRTCSession", (/** @type {any} */ event) => {
      sipCallId = event.request.call_id;
    });
    const session = /** @type {any} */ (ua).call(`sip:${number}@${domain}`, {
      mediaStream: stream,
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: credentials.iceServers ?? [] },
    });
    take(session, { sipCallId, dialId, direction: "outbound", number, name: null }, stream);
  }

  /**
   * @param {string} code
   * @param {Promise<MediaStream>} opening
   */
  function fail(code, opening) {
    opening.then(release, () => undefined);
    deps.onProblem(code);
  }

  /**
   * @param {any} session
   * @param {any} request
   */
  function ringing(session, request) {
    if (leaving) return session.terminate(AWAY);
    if (line || preparing) return session.terminate(BUSY);
    const { uri, display_name: name } = session.remote_identity;
    // The user part may have parameters of its own (RFC 3261, 19.1.6); of an anonymous address it may be anything.
    const number = uri.host === "anonymous.invalid" ? "anonymous" : String(uri.user ?? "").replace(/;.*/, "").slice(0, LONGEST_NUMBER);
    take(session, { sipCallId: request.call_id, dialId: null, direction: "inbound", number, name: name || null }, null);
  }

  return {
    kind: "sip",
    can: ["dial", "answer", "hangUp", "hold", "mute", "tone", "status", "sound"],
    start: (next) => start(/** @type {any} */ (next)),
    stop,
    started: () => ua !== null && !leaving,
    prepare() {
      const opening = deps.microphone();
      opening.catch(() => undefined); // told of when the call is to be made
      return {
        call: (dial) => call(dial, opening),
        abandon: () => void opening.then(release, () => undefined),
      };
    },
    answer: async () => line?.answer(),
    reject: () => line?.refuse(BUSY),
    hangUp: () => line?.hangUp(),
    hold: (on) => line?.hold(on),
    mute: (on) => line?.mute(on),
    tone: (tone) => line?.tone(tone),
    unlockSound() {
      deps.tones.unlock();
      speaker.unlock();
    },
    tick: () => line?.tick(),
  };
}
