/**
 * Hold and resume: agrees with FCC on which way the sound goes, and leaves the call as it was where FCC does not agree.
 *
 * The direction is set on the peer connection itself, so that an offer of FCC's in the meantime is answered by it too:
 * while this side holds, "sendrecv" gets "sendonly" and "sendonly" gets "inactive".
 * Source: RFC 3264, section 8.4; RFC 3261, section 14; RFC 8829, section 5.3.1.
 */

/** @typedef {import("./dialog.js").Answer} Answer */

/**
 * @typedef {object} HoldDependencies
 * @property {any} session JsSIP's
 * @property {boolean} ours the Call-ID is ours: we called
 * @property {ReturnType<typeof import("./dialog.js").createDialog>["ask"]} ask
 * @property {() => boolean} heard sound of the far end came just now
 * @property {() => number} random 0 to 1
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 * @property {(held: boolean, wanted: boolean) => void} onChange what both sides agreed on, and what the agent wants
 * @property {(code: string) => void} onProblem
 * @property {() => void} onGone FCC does not know the call any more
 *
 * @typedef {object} Hold
 * @property {(held: boolean) => void} want
 * @property {() => void} resume the way to FCC is open again
 * @property {(event: {request: any, reject: (options: {status_code: number}) => void}) => void} offered an offer of FCC's comes in
 */

const READY_EVERY = 80;
const READY_TRIES = 40;
const PENDING_TRIES = 5;

/**
 * @param {HoldDependencies} deps
 * @returns {Hold}
 */
export function createHold(deps) {
  const { session } = deps;
  let wanted = false; // what the agent asked for last
  let agreed = false; // what FCC and this side agreed on last
  let unsure = false; // FCC may have taken an offer whose answer never came
  let busy = false; // agreeing on it is under way
  let offering = false; // an offer of ours is made, sent or being answered, so that one of FCC's meets it

  const pause = (/** @type {number} */ milliseconds) => new Promise((done) => deps.after(() => done(undefined), milliseconds));
  const tell = () => deps.onChange(agreed, wanted);

  async function follow() {
    busy = true;
    let pending = 0;
    while (!session.isEnded() && (wanted !== agreed || unsure)) {
      const target = wanted;
      const answer = (await ready()) ? await offer(target) : null;
      if (session.isEnded()) break;
      if (answer?.sdp) {
        agreed = target;
        unsure = false;
        pending = 0;
        continue;
      }
      if (answer?.status === 491 && pending < PENDING_TRIES) {
        pending += 1;
        await pause(wait());
        continue;
      }
      if ((answer?.status === 481 || answer?.status === 408) && !deps.heard()) return deps.onGone();
      if (answer !== null && !answer.unsent) unsure = answer.status === null || answer.status < 300;
      const asked = wanted !== agreed;
      wanted = agreed;
      if (asked) deps.onProblem(problem(answer, target));
      break;
    }
    busy = false;
    if (!session.isEnded()) tell();
  }

  /** How long to wait before an offer is made again that met one of FCC's, in milliseconds. RFC 3261, section 14.1. */
  function wait() {
    return Math.round(deps.ours ? 2100 + deps.random() * 1900 : deps.random() * 2000);
  }

  /** @returns {Promise<boolean>} whether an offer may be made now, or within a few seconds */
  async function ready() {
    for (let tries = 0; tries < READY_TRIES && !session.isEnded(); tries += 1) {
      const settled = session.status === session.C.STATUS_CONFIRMED && session.connection.signalingState === "stable";
      if (settled && session.isReadyToReOffer()) return true;
      await pause(READY_EVERY);
    }
    return false;
  }

  /**
   * The description is set only when FCC has agreed: Chromium stops playing at once, and a rollback does not bring it back.
   *
   * @param {boolean} held
   * @returns {Promise<Answer>} with a description only where it was taken
   */
  async function offer(held) {
    const connection = /** @type {RTCPeerConnection} */ (session.connection);
    let answer = /** @type {Answer} */ ({ status: 488, sdp: null, unsent: false });
    offering = true;
    try {
      turn(held);
      const description = await connection.createOffer();
      answer = await deps.ask("INVITE", { contentType: "application/sdp", body: String(description.sdp), contact: true }, again);
      if (answer.sdp && !session.isEnded()) {
        await connection.setLocalDescription(description);
        await connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
        return answer;
      }
    } catch {
      // an offer that could not be made, or an answer that does not fit it: as if it had been refused
    } finally {
      offering = false;
    }
    await back(connection);
    return { ...answer, sdp: null };
  }

  /** FCC agreed after we had given it up: it must hear how things stand here. */
  function again() {
    unsure = true;
    if (!busy) void follow();
  }

  /** @param {RTCPeerConnection} connection */
  async function back(connection) {
    if (session.isEnded() || connection.signalingState === "closed") return;
    turn(agreed);
    if (connection.signalingState === "have-local-offer") await connection.setLocalDescription({ type: "rollback" }).catch(() => undefined);
  }

  /** @param {boolean} held */
  function turn(held) {
    for (const transceiver of session.connection.getTransceivers()) {
      if (transceiver.receiver.track.kind === "audio") transceiver.direction = held ? "sendonly" : "sendrecv";
    }
  }

  return {
    want(held) {
      if (session.isEnded() || held === wanted) return;
      wanted = held;
      tell();
      if (!busy) void follow();
    },
    resume() {
      if (unsure && !busy) void follow();
    },
    offered({ request, reject }) {
      // JsSIP answers 491 by itself, and yet would take the offer in place of ours (RFC 3261, section 14.2).
      if (offering && (request.method === "INVITE" || request.body)) reject({ status_code: 491 });
    },
  };
}

/**
 * @param {Answer|null} answer null: no offer could be made
 * @param {boolean} held
 * @returns {string} a key of the translations
 */
function problem(answer, held) {
  if (answer === null || answer.status === 491) return held ? "hold-not-now" : "resume-not-now";
  if (answer.status !== null) return held ? "hold-refused" : "resume-refused";
  return held ? "hold-no-answer" : "resume-no-answer";
}
