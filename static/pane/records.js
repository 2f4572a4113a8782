/** The Salesforce records of calls: shown by the host, and named to the connector. */
import { ANSWER_PATIENCE } from "./channel.js";

/**
 * @typedef {object} RecordsDependencies
 * @property {import("./state/store.js").PaneStore} store
 * @property {import("./channel.js").Channel} channel
 * @property {import("./host/port.js").Host} host
 * @property {import("./notices.js").Notices} notices
 *
 * @typedef {object} Records
 * @property {(recordId: string) => void} show the agent asked for it
 * @property {(pop: {callId: string, recordId: string}) => Promise<void>} pop the server asked for it; once a call and record
 * @property {import("./screens/port.js").Actions["choose"]} choose opens the record and ties the call to it
 */

/**
 * @param {RecordsDependencies} deps
 * @returns {Records}
 */
export function createRecords({ store, channel, host, notices }) {
  /** Calls and their records that came up already. @type {Set<string>} */
  const popped = new Set();

  /**
   * @param {string} recordId
   * @param {import("./state/types.js").Notice["tone"]} tone of what is told when it does not open
   */
  async function open(recordId, tone) {
    try {
      await host.openRecord(recordId);
    } catch {
      notices.tell("pop-failed", "", tone);
    }
  }

  /** @param {string|null} callId */
  const known = (callId) => store.get().calls.find((call) => call.callId === callId);

  return {
    show: (recordId) => void open(recordId, "error"),
    async pop({ callId, recordId }) {
      const key = `${callId} ${recordId}`;
      if (popped.has(key)) return;
      popped.add(key);
      const which = nameOf(known(callId)) ?? nameOf(store.get().phoneCall);
      await open(recordId, "warning");
      if (which) channel.request("call.popped", { ...which, recordId }).catch(() => undefined);
    },
    choose(callId, { recordId, objectType }) {
      void open(recordId, "error");
      if (callId === null) return;
      const sipCallId = known(callId)?.sipCallId ?? null;
      const which = sipCallId === null ? { callId } : { callId, sipCallId };
      channel.request("call.relate", { ...which, record: { recordId, objectType } }, { timeout: ANSWER_PATIENCE }).catch(notices.tellError);
    },
  };
}

/**
 * @param {{callsId: number|null, sipCallId: string|null}|null|undefined} call
 * @returns {import("./phone/port.js").CallName|null}
 */
function nameOf(call) {
  if (typeof call?.callsId === "number") return { callsId: call.callsId };
  return call?.sipCallId ? { sipCallId: call.sipCallId } : null;
}
