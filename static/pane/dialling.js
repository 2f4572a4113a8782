/** From a number to a call: the connector permits it, the phone of the pane that leads makes it. */
import { ANSWER_PATIENCE } from "./channel.js";

/** @typedef {import("./host/port.js").ClickedRecord} ClickedRecord */
/** @typedef {import("./phone/port.js").Dial} Dial */

/**
 * @typedef {object} DiallingDependencies
 * @property {import("./state/store.js").PaneStore} store
 * @property {() => import("./state/view.js").View} look what is shown now
 * @property {import("./channel.js").Channel} channel
 * @property {import("./phone/port.js").Phone} phone
 * @property {import("./phone/microphone-check.js").MicrophoneCheck} microphone
 * @property {import("./notices.js").Notices} notices
 * @property {() => number} now milliseconds
 *
 * @typedef {object} Dialling
 * @property {(number: string, record: ClickedRecord|null) => Promise<void>} dial as clicked or typed
 * @property {(dial: Dial) => Promise<void>} place a call that another pane asked for and the connector permitted
 */

/**
 * @param {DiallingDependencies} deps
 * @returns {Dialling}
 */
export function createDialling({ store, look, channel, phone, microphone, notices, now }) {
  /** Dials that became a call here, for the connector may tell of one again. @type {Set<string>} */
  const placed = new Set();

  /**
   * @param {import("./phone/port.js").Preparation} preparation
   * @param {Dial} dial
   */
  async function place(preparation, dial) {
    const { dialId, record } = dial;
    if (placed.has(dialId)) return preparation.abandon();
    placed.add(dialId);
    if (record?.recordId && record.recordName) {
      store.dispatch({ type: "dialled", dialId, record: { recordId: record.recordId, objectType: record.objectType, name: record.recordName } });
    }
    await preparation.call(dial);
    if (store.get().microphone.state === "ask") void microphone.check();
  }

  return {
    async dial(number, record) {
      const seen = look();
      if (seen.call || seen.dialling) return notices.tell("agent-busy");
      const block = seen.dialBlocks[0];
      if (block) {
        const missing = store.get().microphone.code;
        return notices.tell(block === "block-microphone" && missing ? missing : block === "block-no-connection" ? "no-connection" : "phone-not-ready");
      }
      store.dispatch({ type: "dialling", number, since: now() });
      const preparation = store.get().leader === true ? phone.prepare() : null;
      try {
        const ok = await channel.request("dial", { number, record }, { timeout: ANSWER_PATIENCE });
        if (preparation) await place(preparation, { dialId: ok.dialId, number: ok.number, record });
        else store.dispatch({ type: "dial.text", text: "" });
      } catch (error) {
        preparation?.abandon();
        notices.tellError(error);
      } finally {
        store.dispatch({ type: "dialling.over" });
      }
    },
    place: (dial) => place(phone.prepare(), dial),
  };
}
