/**
 * The phone's life in this pane: started with the credentials that the connector gives the pane that leads, started
 * anew when that failed or they run out, given up with the lead.
 */
import { ANSWER_PATIENCE, ChannelError } from "../channel.js";

/**
 * @typedef {object} KeeperDependencies
 * @property {import("../state/store.js").PaneStore} store
 * @property {import("../channel.js").Channel} channel
 * @property {import("./port.js").Phone} phone
 * @property {import("../notices.js").Notices} notices
 * @property {() => boolean} inCall there is a call on the screen
 * @property {() => number} now milliseconds
 *
 * @typedef {object} Keeper
 * @property {(leader: boolean, fence: number) => void} lead the server says who holds the phone
 * @property {() => void} takeOver
 * @property {(hello: import("../channel.js").Hello) => void} greeted the channel is open
 * @property {import("./port.js").PhoneListener["onPhase"]} onPhase
 * @property {import("./port.js").Ask} ask
 * @property {() => void} retry now
 * @property {() => void} tick about once a second
 */

/** Milliseconds until the next start, by how many have failed. */
const RETRY_AFTER = [1_000, 2_000, 5_000, 10_000, 30_000];
/** How long before credentials end others are asked for. */
const CREDENTIALS_LEAD = 60_000;

/**
 * @param {KeeperDependencies} deps
 * @returns {Keeper}
 */
export function createKeeper({ store, channel, phone, notices, inCall, now }) {
  let fence = 0; // of the lead as the server told it last; it goes with whatever is asked for the phone
  let round = 0; // of starting; an answer to an earlier one comes too late
  let askedWith = /** @type {number|null} */ (null); // the fence with which credentials are being asked for
  let failures = 0; // starts that failed since the phone last worked
  let retryAt = /** @type {number|null} */ (null); // when it is started again
  let credentialsUntil = /** @type {number|null} */ (null); // by our clock; null: for good, or others are asked for
  let credentialsCode = /** @type {string|null} */ (null); // of the notice that there are none
  let worked = false; // the phone has been signed in to FCC since the page began

  const mayStart = () => channel.isOpen() && store.get().leader === true;

  async function start() {
    round += 1;
    const mine = round;
    retryAt = null;
    askedWith = fence;
    if (!phone.started()) store.dispatch({ type: "phone", phone: "connecting" });
    try {
      const credentials = await channel.request("phone.credentials", { fence }, { timeout: ANSWER_PATIENCE });
      if (mine !== round) return;
      const { kind = "sip" } = credentials; // a connector from before there were kinds knew this one
      if (kind !== phone.kind) throw new ChannelError("phone-failed");
      credentialsUntil = endOf(credentials.expiresAt);
      phone.start(credentials);
    } catch (error) {
      if (mine !== round) return;
      const code = error instanceof ChannelError ? error.code : "unknown";
      store.dispatch({ type: "phone", phone: code === "no-connection" || code === "no-answer" ? "connecting" : "failed", code });
      if (error instanceof ChannelError && error.sentence) {
        if (credentialsCode !== code) forgetCredentialsProblem();
        credentialsCode = code;
        notices.tell(code, error.sentence);
      }
      retryLater();
    } finally {
      if (mine === round) askedWith = null;
    }
  }

  /**
   * @param {string|null} expiresAt by the server's clock
   * @returns {number|null} by ours; null also for what is over already, which is the phone's to find out
   */
  function endOf(expiresAt) {
    const end = expiresAt ? Date.parse(expiresAt) - store.get().clockOffset : NaN;
    return end >= now() ? end : null;
  }

  /** Takes back what was said about credentials that could not be had. */
  function forgetCredentialsProblem() {
    if (credentialsCode !== null) notices.close(credentialsCode);
    credentialsCode = null;
  }

  function retryLater() {
    retryAt = now() + /** @type {number} */ (RETRY_AFTER[Math.min(failures, RETRY_AFTER.length - 1)]);
    failures += 1;
  }

  /** @type {Keeper["lead"]} */
  function lead(leader, newFence) {
    fence = newFence;
    store.dispatch({ type: "leader", leader });
    if (leader && !phone.started() && askedWith !== newFence) void start();
    if (!leader) {
      round += 1;
      askedWith = null;
      retryAt = null;
      phone.stop();
    }
  }

  return {
    lead,
    takeOver() {
      channel.request("leader.take", {}, { timeout: ANSWER_PATIENCE }).then((ok) => lead(true, ok.fence ?? fence), notices.tellError);
    },
    greeted(hello) {
      lead(hello.leader, hello.fence);
      if (hello.leader && retryAt !== null) void start();
    },
    onPhase(phase, code) {
      store.dispatch({ type: "phone", phone: phase, code });
      if (phase === "registered") {
        // FCC may have been away, and may have another status for the agent than before.
        if (worked) channel.request("phone.registered").catch(() => undefined);
        worked = true;
        failures = 0;
        retryAt = null;
        forgetCredentialsProblem();
        notices.close("phone-refused", "phone-failed", "phone-no-connection");
      }
      if (phase === "failed") {
        if (code) notices.tell(code);
        retryLater();
      }
    },
    ask: (type, fields = {}) => channel.request(/** @type {any} */ (type), { fence, ...fields }, { timeout: ANSWER_PATIENCE, once: true }),
    retry() {
      notices.close("phone-refused", "phone-failed");
      void start();
    },
    tick() {
      phone.tick();
      if (retryAt !== null && now() >= retryAt && mayStart()) void start();
      if (credentialsUntil !== null && now() > credentialsUntil - CREDENTIALS_LEAD && !inCall() && mayStart()) {
        credentialsUntil = null;
        void start();
      }
    },
  };
}
