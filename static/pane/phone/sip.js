/**
 * The pane's own telephone: SIP over WebSocket and WebRTC, by JsSIP.
 *
 * One call at a time; a second one that comes in meanwhile is answered "busy here", so that the queue gives it to
 * somebody else.
 */
import { UA } from "jssip";

import { createAcks } from "./acks.js";
import { enoughCandidates } from "./candidates.js";
import { createDialog, readable } from "./dialog.js";
import { createDigits } from "./digits.js";
import { createHold } from "./hold.js";
import { createMediaWatch } from "./media-watch.js";
import { MicrophoneError } from "./microphone.js";
import { provisionalOutcome, q850Cause } from "./outcome.js";
import { createTicketSocket } from "./socket.js";

/** @typedef {import("./port.js").Phone} Phone */
/** @typedef {import("./port.js").Report} Report */
/** @typedef {import("../state/types.js").PhoneCall} PhoneCall */

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

/**
 * @typedef {object} Line the one call and what belongs to it
 * @property {any} session JsSIP's
 * @property {PhoneCall} call
 * @property {MediaStream|null} stream our microphone
 * @property {boolean} rang
 * @property {boolean} hungUp by the agent
 * @property {string|null} lost why it ends though neither side wanted it, as a key of the translations
 * @property {ReturnType<typeof createMediaWatch>} watch
 * @property {import("./acks.js").Acks} acks
 * @property {import("./hold.js").Hold} hold
 * @property {(digit: string) => void} digit
 * @property {number|null} unacknowledgedSince our last 2xx has waited for its ACK since then
 */

const REGISTER_EXPIRES = 300;
const CLOSING_GRACE = 1500;
const SIGNING_OFF_TAKES = 1000;
const ACK_WITHIN = 20_000;
/** What JsSIP calls the ends that nobody wanted, and which sentence each of them gets. */
const LOST_BY = new Map([["RTP Timeout", "media-lost"], ["Connection Error", "call-no-connection"], ["Request Timeout", "call-no-answer"]]);
/** What it calls a call of ours that ends before FCC's final answer, also where it was itself that gave up. */
const CANCELED = "Canceled";

/** Nobody rejected the call: it may ring at once at the agent's other pane. */
const AWAY = Object.freeze({ status_code: 480, reason_phrase: "Temporarily Unavailable" });
const BUSY = Object.freeze({ status_code: 486, reason_phrase: "Busy Here" });

/**
 * @param {SipDependencies} deps
 * @returns {Phone}
 */
export function createSipPhone(deps) {
  /** @type {UA|null} */
  let ua = null;
  /** @type {SipCredentials|null} */
  let credentials = null;
  /** @type {import("./socket.js").TicketSocket|null} */
  let socket = null;
  /** @type {Line|null} */
  let line = null;
  /** Calls that the agent ended while FCC could not be told; it is told as soon as it can. @type {Set<any>} */
  const parting = new Set();
  let preparing = false;
  let leaving = false;

  const at = () => new Date(deps.now()).toISOString();

  // ---------------------------------------------------------------- the phone itself

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
        line?.acks.hear(data);
        return readable(data);
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
      dropUnanswered();
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
    line?.acks.repeat();
    line?.hold.resume();
  }

  function stop() {
    if (!ua) return;
    leaving = true;
    deps.onPhase("unregistered", null);
    if (!line) return shut();
    const offered = isOffered(line.call) && !preparing ? line.session : null;
    const handOver = () => {
      if (leaving && line && line.session === offered && isOffered(line.call)) offered.terminate(AWAY);
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

  /** @param {Partial<PhoneCall>} changes */
  function change(changes) {
    if (!line) return;
    line.call = { ...line.call, ...changes };
    deps.onCall(line.call);
  }

  /**
   * @param {Report["kind"]} kind
   * @param {Partial<Report>} [more]
   */
  function report(kind, more = {}) {
    if (!line) return;
    const { sipCallId, direction, number, dialId } = line.call;
    deps.onReport({ sipCallId: String(sipCallId), kind, direction, number, at: at(), ...(dialId ? { dialId } : {}), ...more });
  }

  /**
   * @param {any} session
   * @param {PhoneCall} begun
   * @param {MediaStream|null} stream
   */
  function take(session, begun, stream) {
    const watch = createMediaWatch({
      now: deps.now,
      packets: () => received(session),
      expected: () => {
        const now = line !== null && line.session === session ? line.call : null;
        return now !== null && now.state === "talking" && !now.held && !now.heldByFar;
      },
      onSilent: (silent) => change({ silent }),
      onDead: () => {
        if (line === null || line.session !== session) return;
        line.lost = "media-lost";
        session.terminate();
      },
    });
    const mine = () => line !== null && line.session === session;
    const acks = createAcks(session, { after: deps.after, transmit: (request) => /** @type {any} */ (ua)?.transport.send(request) });
    const { ask } = createDialog(session, { after: deps.after, connected: () => ua?.isConnected() ?? false });
    const hold = createHold({
      session,
      ours: begun.direction === "outbound",
      ask,
      heard: watch.heard,
      random: deps.random,
      after: deps.after,
      onChange: (now, wanted) => {
        if (mine()) held(now, wanted);
      },
      onProblem: (code) => {
        if (mine()) deps.onProblem(code);
      },
      onGone: () => {
        if (!line || !mine()) return;
        line.lost = "call-gone";
        session.terminate();
      },
    });
    const digit = createDigits({
      ask,
      after: deps.after,
      onFailed: () => {
        if (mine()) deps.onProblem("digit-not-sent");
      },
    });
    session.on("reinvite", hold.offered);
    session.on("update", hold.offered);
    refuseTransfers(session);
    line = { session, call: begun, stream, rang: begun.direction === "inbound", hungUp: false, lost: null, watch, acks, hold, digit, unacknowledgedSince: null };
  }

  /** @param {any} session @returns {any} */
  function handlers(session) {
    const mine = (/** @type {(event: any) => void} */ then) => (/** @type {any} */ event) => {
      const of = session.current;
      if (line && of && line.session === of) then(event);
    };
    return {
      peerconnection: (/** @type {any} */ event) => attach(event.peerconnection),
      icecandidate: enoughCandidates({ iceServers: credentials?.iceServers ?? [], after: (then, wait) => setTimeout(then, wait) }),
      progress: mine((event) => {
        if (event.originator !== "remote" || !line) return;
        const withSound = Boolean(event.response?.body) || line.call.early;
        line.rang = true;
        deps.tones.play(withSound ? "none" : "ringback");
        const first = line.call.state === "calling";
        change({ state: "ringing", early: withSound });
        if (first) report("ringing");
      }),
      accepted: mine(() => answered()),
      confirmed: mine(() => answered()),
      ended: mine((event) => ended(event)),
      failed: mine((event) => ended(event)),
      hold: mine(() => change({ heldByFar: true })),
      unhold: mine(() => change({ heldByFar: false })),
    };
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
    const holder = /** @type {any} */ ({ current: null });
    const early = /** @type {any[]} */ ([]);
    const eventHandlers = handlers(holder);
    eventHandlers.connecting = (/** @type {any} */ event) => early.push(event);
    eventHandlers.sending = (/** @type {any} */ event) => {
      if (!line || line.session !== holder.current) return;
      line.call = { ...line.call, sipCallId: event.request.call_id };
      deps.onCall(line.call);
      report("dialled");
    };
    const session = /** @type {any} */ (ua).call(`sip:${number}@${domain}`, {
      eventHandlers,
      mediaStream: stream,
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: credentials.iceServers ?? [] },
    });
    holder.current = session;
    take(session, freshCall({
      id: session.id,
      sipCallId: early[0]?.request?.call_id ?? session.id,
      dialId,
      direction: "outbound",
      number,
      state: "calling",
      startedAt: deps.now(),
    }), stream);
    if (line) deps.onCall(/** @type {Line} */ (line).call);
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
    const holder = { current: session };
    for (const [name, handler] of Object.entries(handlers(holder))) session.on(name, handler);
    const from = session.remote_identity;
    take(session, freshCall({
      id: session.id,
      sipCallId: request.call_id,
      dialId: null,
      direction: "inbound",
      number: String(from.uri.user ?? ""),
      name: from.display_name || null,
      state: "ringing",
      startedAt: deps.now(),
    }), null);
    deps.tones.play("ring");
    if (line) deps.onCall(/** @type {Line} */ (line).call);
    report("ringing");
  }

  async function answer() {
    const mine = line;
    if (!mine || !isOffered(mine.call) || mine.stream || preparing) return;
    preparing = true;
    deps.tones.unlock();
    try {
      const stream = await deps.microphone();
      if (line !== mine || mine.call.state !== "ringing") return release(stream);
      mine.stream = stream;
      deps.tones.play("none");
      mine.session.answer({
        mediaStream: stream,
        mediaConstraints: { audio: true, video: false },
        pcConfig: { iceServers: credentials?.iceServers ?? [] },
      });
    } catch (error) {
      deps.onProblem(error instanceof MicrophoneError ? error.code : "mic-failed");
    } finally {
      preparing = false;
    }
  }

  /**
   * Ends a call that rings here when the socket is gone: FCC cannot reach this dialog any more and offers the call
   * again, which a line that still rings would answer with "busy".
   */
  function dropUnanswered() {
    if (line === null || !isOffered(line.call)) return;
    line.lost = "phone-no-connection";
    line.session.terminate();
  }

  function answered() {
    if (!line || line.call.state === "talking") return;
    deps.tones.play("none");
    change({ state: "talking", answeredAt: deps.now() });
    report("answered");
  }

  /**
   * @param {boolean} now what FCC and this side agreed on
   * @param {boolean} wanted what the agent asked for
   */
  function held(now, wanted) {
    if (!line) return;
    const before = line.call.held;
    change({ held: now, holdPending: now !== wanted });
    microphone();
    if (before !== now) report(now ? "held" : "resumed");
  }

  /** The microphone is off from the moment at which hold is asked for until the call is taken back. */
  function microphone() {
    if (!line) return;
    const { muted, held: now, holdPending } = line.call;
    if (muted || now || holdPending) line.session.mute({ audio: true });
    else line.session.unmute({ audio: true });
  }

  /**
   * An ACK that was lost with the socket would end a call in which both sides hear each other (RFC 3261, section 14.2,
   * has the side that waits for it say BYE). Sound that keeps coming says what it would have said.
   */
  function missAcknowledgement() {
    if (!line) return;
    const { session } = line;
    if (session.status !== session.C.STATUS_WAITING_FOR_ACK) line.unacknowledgedSince = null;
    else if (line.unacknowledgedSince === null) line.unacknowledgedSince = deps.now();
    else if (deps.now() - line.unacknowledgedSince > ACK_WITHIN && line.watch.heard()) {
      // Where FCC asked for our offer, the ACK would have carried its answer: the one it gave before stands.
      const agreed = session.connection.signalingState === "stable" ? null : session.connection.currentRemoteDescription?.sdp;
      session.receiveRequest({ method: "ACK", body: agreed });
    }
  }

  /** @param {any} event of JsSIP: who ended it, by which message */
  function ended(event) {
    const mine = line;
    if (!mine || mine.call.state === "ended") return;
    deps.tones.play("none");
    const message = event.message ?? null;
    const status = typeof message?.status_code === "number" ? message.status_code : null;
    const cause = message && typeof message.getHeaders === "function" ? q850Cause(message.getHeaders("Reason")) : null;
    const givenUp = event.cause === CANCELED && event.originator === "local" && !mine.hungUp;
    const lost = mine.lost ?? LOST_BY.get(event.cause) ?? (givenUp ? (ua?.isConnected() ? "call-no-answer" : "call-no-connection") : null);
    const by = lost || event.originator === "system" ? "network" : event.originator === "local" ? "agent" : "far";
    report("ended", {
      ...(status === null ? {} : { sipStatus: status }),
      ...(cause === null ? {} : { cause: String(cause) }),
      ...(by === "network" ? {} : { by }),
    });
    change({
      state: "ended",
      endedAt: deps.now(),
      held: false,
      holdPending: false,
      muted: false,
      silent: false,
      by,
      outcome: provisionalOutcome({ answered: mine.call.answeredAt !== null, rang: mine.rang, cause, status }),
    });
    if (mine.stream) release(mine.stream);
    deps.audio.srcObject = null;
    line = null;
    if (lost && (mine.call.answeredAt !== null || mine.call.direction === "outbound")) deps.onProblem(lost);
    if (leaving) deps.after(() => void (leaving && !line && shut()), CLOSING_GRACE);
  }

  /** @param {RTCPeerConnection} connection */
  function attach(connection) {
    connection.addEventListener("track", (event) => {
      deps.audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      play();
    });
  }

  function play() {
    deps.audio.play().then(deps.onSound, (/** @type {Error} */ error) => {
      if (error.name === "NotAllowedError") deps.onProblem("sound-blocked");
    });
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
    answer,
    reject() {
      if (line && isOffered(line.call)) line.session.terminate(BUSY);
    },
    hangUp() {
      if (!line || line.call.state === "ended") return;
      line.hungUp = true;
      if (line.call.state !== "talking" || ua?.isConnected()) return line.session.terminate();
      const { session } = line;
      parting.add(session);
      session.connection?.close();
      ended({ originator: "local", cause: "Terminated" });
    },
    hold(on) {
      if (line?.call.state !== "talking") return;
      if (!ua?.isConnected()) return deps.onProblem(on ? "hold-no-connection" : "resume-no-connection");
      line.hold.want(on);
    },
    mute(on) {
      if (!line) return;
      change({ muted: on });
      microphone();
    },
    tone(tone) {
      if (line?.call.state !== "talking") return;
      if (!ua?.isConnected()) return deps.onProblem("digit-not-sent");
      deps.tones.digit();
      line.digit(tone);
    },
    unlockSound() {
      deps.tones.unlock();
      if (deps.audio.srcObject) play();
    },
    tick() {
      if (!line) return;
      void line.watch.tick();
      missAcknowledgement();
    },
  };
}

/** @param {PhoneCall} call it rings here and nobody has said yes or no */
const isOffered = (call) => call.state === "ringing" && call.direction === "inbound";

/**
 * @param {Pick<PhoneCall, "id"|"sipCallId"|"dialId"|"direction"|"number"|"state"|"startedAt"> & Partial<PhoneCall>} known
 * @returns {PhoneCall}
 */
function freshCall(known) {
  return {
    callsId: null,
    name: null,
    early: false,
    held: false,
    holdPending: false,
    heldByFar: false,
    muted: false,
    silent: false,
    answeredAt: null,
    endedAt: null,
    outcome: null,
    by: null,
    ...known,
  };
}

/**
 * Nobody asked for a transfer, and none is carried out: REFER is declined (RFC 3515, section 2.4.2), and so is a call that
 * wants to take the place of this one (RFC 3891). JsSIP would accept the first by itself and leave the second without an answer.
 *
 * @param {any} session
 */
function refuseTransfers(session) {
  const receive = session.receiveRequest.bind(session);
  session.receiveRequest = (/** @type {any} */ request) => {
    if (request.method === "REFER" || (request.method === "INVITE" && request.hasHeader("replaces"))) request.reply(603);
    else receive(request);
  };
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * @param {any} session
 * @returns {Promise<number|null>}
 */
async function received(session) {
  const connection = /** @type {RTCPeerConnection|null} */ (session.connection ?? null);
  if (!connection || connection.connectionState === "closed") return null;
  let packets = /** @type {number|null} */ (null);
  const stats = await connection.getStats();
  stats.forEach((entry) => {
    if (entry.type === "inbound-rtp") packets = (packets ?? 0) + (entry.packetsReceived ?? 0);
  });
  return packets;
}
