/** What the agent is told in words, and the way out that goes with it. */
import { ChannelError } from "./channel.js";
import { isKey } from "./i18n/index.js";

/** @typedef {import("./state/types.js").Notice} Notice */

/**
 * @typedef {object} NoticesDependencies
 * @property {import("./state/store.js").PaneStore} store
 * @property {import("./i18n/index.js").Translate} t
 * @property {import("./host/port.js").Host["sentence"]} sentence the host's
 *
 * @typedef {object} Notices
 * @property {(code: string, sentence?: string, tone?: Notice["tone"]) => void} tell `sentence`: the server's words; else our own, or the host's, for that code
 * @property {(error: unknown) => void} tellError
 * @property {(...codes: string[]) => void} close
 */

/**
 * @param {NoticesDependencies} deps
 * @returns {Notices}
 */
export function createNotices({ store, t, sentence: hosts }) {
  /** @type {Notices["tell"]} */
  function tell(code, sentence = "", tone = "error") {
    const message = sentence || (isKey(code) ? t(code) : hosts(code) ?? t("unknown-error", { code }));
    store.dispatch({ type: "notice", notice: { code, message, tone, button: wayOut(code) } });
  }

  /**
   * @param {string} code
   * @returns {NonNullable<Notice["button"]>|null}
   */
  function wayOut(code) {
    if (code.startsWith("mic-")) return { label: t("check-again"), action: "microphone.check" };
    if (code === "sound-blocked") return { label: t("sound-on"), action: "sound.unlock" };
    if (code === "phone-refused" || code === "phone-failed") return { label: t("retry"), action: "phone.retry" };
    return null;
  }

  return {
    tell,
    tellError(error) {
      if (error instanceof ChannelError) tell(error.code, error.sentence);
      else tell(error instanceof Error && "code" in error ? String(error.code) : "unknown");
    },
    close(...codes) {
      for (const code of codes) store.dispatch({ type: "notice.close", code });
    },
  };
}
