/**
 * One call of the SIP phone, from its session to its end: what the agent and FCC do to it, and what the pane is told of it.
 */
import { createAcks } from "./acks.js";
import { enoughCandidates } from "./candidates.js";
import { createDialog } from "./dialog.js";
import { createDigits } from "./digits.js";
import { createHold } from "./hold.js";
import { createMediaWatch } from "./media-watch.js";
import { MicrophoneError, release } from "./microphone.js";
import { provisionalOutcome, q850Cause } from "./outcome.js";

/** @typedef {import("../state/types.js").PhoneCall} PhoneCall */
/** @typedef {import("./port.js").CallFact} CallFact */

/**
 * @typedef {object} LineDependencies
 * @property {any} session JsSIP's
 * @property {Begun} begun
 * @property {MediaStream|null} stream our microphone; null until the agent answers
 * @property {RTCIceServer[]} iceServers
 * @property {() => boolean} connected the socket to FCC is open
 * @property {(request: any) => void} transmit a request as it stands
 * @property {() => Promise<MediaStream>} microphone
 * @property {import("./speaker.js").Speaker} speaker
 * @property {import("./tones.js").Tones} tones
 * @property {() => number} now
 * @property {() => number} random 0 to 1
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 * @property {(call: PhoneCall) => void} onCall
 * @property {(report: import("./port.js").Report) => void} onReport
 * @property {(code: string) => void} onProblem
 * @property {(untold: boolean) => void} onOver `untold`: FCC could not be told, and the session ends when it can
 *
 * @typedef {Pick<PhoneCall, "direction"|"number"|"name"|"dialId"> & {sipCallId: string}} Begun what is known of a call when it begins
 *
 * @typedef {object} Line
 * @property {any} session
 * @property {() => boolean} offered it rings here and nobody has said yes or no
 * @property {() => boolean} answering the agent has said yes, and the microphone is being opened
 * @property {() => Promise<void>} answer
 * @property {(cause: {status_code: number, reason_phrase: string}) => void} refuse it, if it is offered
 * @property {() => void} hangUp
 * @property {(on: boolean) => void} hold
 * @property {(on: boolean) => void} mute
 * @property {(digit: string) => void} tone
 * @property {(data: unknown) => void} hear what comes over the socket, before JsSIP reads it
 * @property {() => void} reconnected the way to FCC is open again, and nothing has been said over it yet
 * @property {() => void} disconnected
 * @property {() => void} tick about once a second
 */

const ACK_WITHIN = 20_000;
/** What JsSIP calls the ends that nobody wanted, and which sentence each of them gets. */
const LOST_BY = new Map([["RTP Timeout", "media-lost"], ["Connection Error", "call-no-connection"], ["Request Timeout", "call-no-answer"]]);
/** What it calls a call of ours that ends before FCC's final answer, also where it was itself that gave up. */
const CANCELED = "Canceled";

/**
 * Takes a session up that has just been made, before any of its events but the first: JsSIP's `newRTCSession`.
 *
 * @param {LineDependencies} deps
 * @returns {Line}
 */
export function createLine({ session, ...deps }) {
  const { sipCallId } = deps.begun;
  const out = deps.begun.direction === "outbound";
  /** @type {PhoneCall} */
  let call = {
    ...deps.begun,
    id: session.id,
    callsId: null,
    state: out ? "calling" : "ringing",
    early: false,
    held: false,
    holdPending: false,
    heldByFar: false,
    muted: false,
    silent: false,
    startedAt: deps.now(),
    answeredAt: null,
    endedAt: null,
    outcome: null,
    by: null,
  };
  let stream = deps.stream; // our microphone
  let opening = false; // the microphone is being opened for the answer
  let rang = !out; // at the far end, or here
  let hungUp = false; // by the agent
  let lost = /** @type {string|null} */ (null); // why it ends though neither side wanted it, as a key of the translations
  let over = false; // the pane has been told of its end
  let unacknowledgedSince = /** @type {number|null} */ (null); // our last 2xx has waited for its ACK since then

  /** @param {(event: any) => void} then what an event brings about, while there is a call */
  const live = (then) => (/** @type {any} */ event) => {
    if (!over) then(event);
  };
  const offered = () => !over && !out && call.state === "ringing";

  const watch = createMediaWatch({
    now: deps.now,
    packets: () => received(session),
    expected: () => !over && call.state === "talking" && !call.held && !call.heldByFar,
    onSilent: live((silent) => change({ silent })),
    onDead: () => end("media-lost"),
  });
  const acks = createAcks(session, { after: deps.after, transmit: deps.transmit });
  const { ask } = createDialog(session, { after: deps.after, connected: deps.connected });
  const hold = createHold({
    session,
    ours: out,
    ask,
    heard: watch.heard,
    random: deps.random,
    after: deps.after,
    onChange(now, wanted) {
      if (!over) held(now, wanted);
    },
    onProblem: live(deps.onProblem),
    onGone: () => end("call-gone"),
  });
  const digit = createDigits({ ask, after: deps.after, onFailed: () => live(deps.onProblem)("digit-not-sent") });

  /** @param {Partial<PhoneCall>} changes */
  function change(changes) {
    call = { ...call, ...changes };
    deps.onCall(call);
  }

  /**
   * @param {CallFact["kind"]} kind
   * @param {Partial<import("./port.js").Report>} [more]
   */
  function report(kind, more = {}) {
    const { direction, number, dialId } = call;
    deps.onReport({ sipCallId, kind, direction, number, at: new Date(deps.now()).toISOString(), ...(dialId ? { dialId } : {}), ...more });
  }

  /** @param {string} code why, though neither side wants it */
  function end(code) {
    if (over) return;
    lost = code;
    session.terminate();
  }

  /** @param {any} event */
  function progressed(event) {
    if (event.originator !== "remote") return;
    const withSound = Boolean(event.response?.body) || call.early;
    rang = true;
    deps.tones.play(withSound ? "none" : "ringback");
    const first = call.state === "calling";
    change({ state: "ringing", early: withSound });
    if (first) report("ringing");
  }

  function answered() {
    if (call.state === "talking") return;
    deps.tones.play("none");
    change({ state: "talking", answeredAt: deps.now() });
    report("answered");
  }

  /**
   * @param {boolean} now what FCC and this side agreed on
   * @param {boolean} wanted what the agent asked for
   */
  function held(now, wanted) {
    const before = call.held;
    change({ held: now, holdPending: now !== wanted });
    turnMicrophone();
    if (before !== now) report(now ? "held" : "resumed");
  }

  /** The microphone is off from the moment at which hold is asked for until the call is taken back. */
  function turnMicrophone() {
    if (call.muted || call.held || call.holdPending) session.mute({ audio: true });
    else session.unmute({ audio: true });
  }

  /**
   * An ACK that was lost with the socket would end a call in which both sides hear each other (RFC 3261, section 14.2,
   * has the side that waits for it say BYE). Sound that keeps coming says what it would have said.
   */
  function missAcknowledgement() {
    if (session.status !== session.C.STATUS_WAITING_FOR_ACK) unacknowledgedSince = null;
    else if (unacknowledgedSince === null) unacknowledgedSince = deps.now();
    else if (deps.now() - unacknowledgedSince > ACK_WITHIN && watch.heard()) {
      // Where FCC asked for our offer, the ACK would have carried its answer: the one it gave before stands.
      const agreed = session.connection.signalingState === "stable" ? null : session.connection.currentRemoteDescription?.sdp;
      session.receiveRequest({ method: "ACK", body: agreed });
    }
  }

  /**
   * @param {any} event of JsSIP: who ended it, by which message
   * @param {boolean} [untold]
   */
  function ended(event, untold = false) {
    deps.tones.play("none");
    const message = event.message ?? null;
    const status = typeof message?.status_code === "number" ? message.status_code : null;
    const cause = message && typeof message.getHeaders === "function" ? q850Cause(message.getHeaders("Reason")) : null;
    const givenUp = event.cause === CANCELED && event.originator === "local" && !hungUp;
    const why = lost ?? LOST_BY.get(event.cause) ?? (givenUp ? (deps.connected() ? "call-no-answer" : "call-no-connection") : null);
    const by = why || event.originator === "system" ? "network" : event.originator === "local" ? "agent" : "far";
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
      outcome: provisionalOutcome({ answered: call.answeredAt !== null, rang, cause, status }),
    });
    over = true;
    if (stream) release(stream);
    deps.speaker.silence();
    deps.onOver(untold);
    if (why && (call.answeredAt !== null || out)) deps.onProblem(why);
  }

  session.on("icecandidate", enoughCandidates({ iceServers: deps.iceServers, after: (then, wait) => setTimeout(then, wait) }));
  session.on("sending", live(() => report("dialled")));
  session.on("progress", live(progressed));
  session.on("accepted", live(answered));
  session.on("confirmed", live(answered));
  session.on("ended", live(ended));
  session.on("failed", live(ended));
  session.on("hold", live(() => change({ heldByFar: true })));
  session.on("unhold", live(() => change({ heldByFar: false })));
  session.on("reinvite", hold.offered);
  session.on("update", hold.offered);
  if (session.connection) deps.speaker.follow(session.connection);
  else session.on("peerconnection", (/** @type {any} */ event) => deps.speaker.follow(event.peerconnection));
  refuseTransfers(session);
  deps.onCall(call);
  if (!out) {
    deps.tones.play("ring");
    report("ringing");
  }

  return {
    session,
    offered,
    answering: () => opening,
    async answer() {
      if (!offered() || stream || opening) return;
      opening = true;
      deps.tones.unlock();
      try {
        const opened = await deps.microphone();
        if (!offered()) return release(opened);
        stream = opened;
        deps.tones.play("none");
        session.answer({ mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: deps.iceServers } });
      } catch (error) {
        deps.onProblem(error instanceof MicrophoneError ? error.code : "mic-failed");
      } finally {
        opening = false;
      }
    },
    refuse(cause) {
      if (offered()) session.terminate(cause);
    },
    hangUp() {
      hungUp = true;
      if (call.state !== "talking" || deps.connected()) return session.terminate();
      session.connection?.close();
      ended({ originator: "local", cause: "Terminated" }, true);
    },
    hold(on) {
      if (call.state !== "talking") return;
      if (!deps.connected()) return deps.onProblem(on ? "hold-no-connection" : "resume-no-connection");
      hold.want(on);
    },
    mute(on) {
      change({ muted: on });
      turnMicrophone();
    },
    tone(tone) {
      if (call.state !== "talking") return;
      if (!deps.connected()) return deps.onProblem("digit-not-sent");
      deps.tones.digit();
      digit(tone);
    },
    hear: acks.hear,
    reconnected() {
      acks.repeat();
      hold.resume();
    },
    disconnected() {
      // FCC can't reach this dialog any more and offers the call again, which a line that still rings would answer with "busy".
      if (offered()) end("phone-no-connection");
    },
    tick() {
      void watch.tick();
      missAcknowledgement();
    },
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
