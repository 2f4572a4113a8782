/** The digits that the agent presses in a call, sent one after another as INFO. Source: draft-kaplan-dispatch-info-dtmf. */

const LASTS = 160;
const PAUSE = 70;

/**
 * @param {object} deps
 * @param {ReturnType<typeof import("./dialog.js").createDialog>["ask"]} deps.ask
 * @param {(callback: () => void, milliseconds: number) => unknown} deps.after
 * @param {() => void} deps.onFailed FCC took a digit not, and what stood behind it is not sent
 * @returns {(digit: string) => void}
 */
export function createDigits({ ask, after, onFailed }) {
  let waiting = ""; // digits that have not been sent
  let sending = false; // one is, or its pause lasts

  function next() {
    const digit = waiting[0];
    waiting = waiting.slice(1);
    sending = digit !== undefined;
    if (digit === undefined) return;
    after(next, LASTS + PAUSE);
    void ask("INFO", { contentType: "application/dtmf-relay", body: `Signal=${digit}\r\nDuration=${LASTS}` }).then(({ status }) => {
      if (status !== null && status < 300) return;
      waiting = "";
      onFailed();
    });
  }

  return (digit) => {
    waiting += digit;
    if (!sending) next();
  };
}
