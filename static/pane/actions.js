/** What becomes of each thing the agent does on a screen. */
import { ANSWER_PATIENCE } from "./channel.js";

/**
 * @typedef {object} ActionsDependencies
 * @property {import("./state/store.js").PaneStore} store
 * @property {import("./channel.js").Channel} channel
 * @property {import("./phone/port.js").Phone} phone
 * @property {import("./phone/keeper.js").Keeper} keeper
 * @property {import("./phone/microphone-check.js").MicrophoneCheck} microphone
 * @property {import("./dialling.js").Dialling} dialling
 * @property {import("./records.js").Records} records
 * @property {import("./notices.js").Notices} notices
 * @property {() => void} signIn
 */

/** What was said about the agent's status, which is over when the agent chooses one. */
const STATUS_NOTICES = ["status-moved", "status-not-ready-away"];

/**
 * @param {ActionsDependencies} deps
 * @returns {import("./screens/port.js").Actions}
 */
export function createActions({ store, channel, phone, keeper, microphone, dialling, records, notices, signIn }) {
  const { dispatch } = store;
  const typed = () => store.get().dialText;

  return {
    dialText: (text) => dispatch({ type: "dial.text", text }),
    press: (key) => dispatch({ type: "dial.text", text: typed() + key }),
    erase: () => dispatch({ type: "dial.text", text: typed().trimEnd().slice(0, -1) }),
    dial() {
      const number = typed().trim();
      if (number) void dialling.dial(number, null);
    },
    redial: (number) => void dialling.dial(number, null),
    answer: () => void phone.answer(),
    reject: phone.reject,
    hangUp: phone.hangUp,
    hold: phone.hold,
    mute: phone.mute,
    tone(tone) {
      phone.tone(tone);
      dispatch({ type: "tone", tone });
    },
    keypad: (open) => dispatch({ type: "keypad", open }),
    menu: (open) => dispatch({ type: "menu", open }),
    chooseStatus(statusId) {
      dispatch({ type: "presence.pending", statusId });
      notices.close(...STATUS_NOTICES);
      channel.request("presence.set", { statusId }, { timeout: ANSWER_PATIENCE }).then(
        (ok) => dispatch(ok.presence ? { type: "presence", presence: ok.presence } : { type: "presence.pending", statusId: null }),
        (error) => {
          dispatch({ type: "presence.pending", statusId: null });
          notices.tellError(error);
        },
      );
    },
    show: records.show,
    choose: records.choose,
    takeOver: keeper.takeOver,
    signIn,
    closeNotice: notices.close,
    noticeAction(action) {
      if (action === "microphone.check") void microphone.check();
      if (action === "sound.unlock") {
        phone.unlockSound();
        notices.close("sound-blocked");
      }
      if (action === "phone.retry") keeper.retry();
    },
  };
}
