/** Keeps what the pane knows of its microphone up to date, where its phone needs one, and says so while something withholds it. */

/**
 * @typedef {object} MicrophoneCheckDependencies
 * @property {import("./microphone.js").Microphone} microphone
 * @property {import("../host/port.js").Host} host
 * @property {import("../state/store.js").PaneStore} store
 * @property {import("../notices.js").Notices} notices
 *
 * @typedef {object} MicrophoneCheck
 * @property {() => Promise<void>} check
 */

/**
 * @param {MicrophoneCheckDependencies} deps
 * @returns {MicrophoneCheck}
 */
export function createMicrophoneCheck({ microphone, host, store, notices }) {
  async function check() {
    if (!store.get().can.includes("sound")) return;
    const found = await microphone.check(host.withholder());
    store.dispatch({ type: "microphone", microphone: found });
    for (const { code } of store.get().notices) if (code.startsWith("mic-") && code !== found.code) notices.close(code);
    if (found.state === "blocked" && found.code) notices.tell(found.code);
  }

  microphone.onChange(() => void check());
  return { check };
}
