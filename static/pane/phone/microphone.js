/**
 * The microphone: whether we may have it, who withheld it, and the stream for one call.
 *
 * The agent's permission for the site can withhold it, and so can the page around; each case has its own code, and each code
 * its own remedy in words: here in the translations, where it is around the pane with the host.
 */

/** @typedef {import("../state/types.js").MicrophoneState} MicrophoneState */

/** Why there is no sound from this side; `code` is a key of the translations, or the host's. */
export class MicrophoneError extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.name = "MicrophoneError";
    this.code = code;
  }
}

/**
 * @typedef {object} MicrophoneDependencies
 * @property {boolean} secure the page is in a secure context
 * @property {(() => boolean)|null} policyAllows the document's permissions policy; null where the browser can't say
 * @property {(() => Promise<{state: string, onchange: any}>)|null} permission
 * @property {((constraints: MediaStreamConstraints) => Promise<MediaStream>)|null} getUserMedia
 *
 * @typedef {object} Microphone
 * @property {(withholder: string) => Promise<MicrophoneState>} check `withholder` as the host says it
 * @property {(listener: () => void) => void} onChange the agent changed the permission
 * @property {() => Promise<MediaStream>} open
 */

/** @type {MediaStreamConstraints} */
const VOICE = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true }, video: false };

/**
 * @param {MicrophoneDependencies} deps
 * @returns {Microphone}
 */
export function createMicrophone(deps) {
  let withheldAround = "mic-failed"; // the code of what withholds it around the pane, as it was last said
  let changed = () => {}; // who wants to know of another permission
  let watching = false; // the browser tells of it

  /** @returns {Promise<string|null>} "granted", "prompt", "denied", or null where the browser can't say */
  async function permission() {
    if (!deps.permission) return null;
    try {
      const status = await deps.permission();
      if (!watching) {
        watching = true;
        status.onchange = () => changed();
      }
      return status.state;
    } catch {
      return null;
    }
  }

  return {
    async check(withholder) {
      withheldAround = withholder;
      if (!deps.secure) return { state: "blocked", code: "mic-insecure" };
      if (!deps.getUserMedia) return { state: "blocked", code: "mic-unsupported" };
      if (deps.policyAllows && !deps.policyAllows()) return { state: "blocked", code: withheldAround };
      const state = await permission();
      if (state === "denied") return { state: "blocked", code: "mic-denied" };
      return { state: state === "granted" ? "allowed" : "ask", code: null };
    },
    onChange(listener) {
      changed = listener;
    },
    async open() {
      if (!deps.secure) throw new MicrophoneError("mic-insecure");
      if (!deps.getUserMedia) throw new MicrophoneError("mic-unsupported");
      try {
        return await deps.getUserMedia(VOICE);
      } catch (error) {
        throw new MicrophoneError(await reason(error instanceof Error ? error.name : ""));
      }
    },
  };

  /** @param {string} name of the browser's error */
  async function reason(name) {
    if (name === "NotFoundError" || name === "OverconstrainedError") return "mic-missing";
    if (name === "NotReadableError" || name === "AbortError") return "mic-busy";
    if (name === "NotAllowedError" || name === "SecurityError") {
      if (deps.policyAllows && !deps.policyAllows()) return withheldAround;
      return (await permission()) === "prompt" ? "mic-dismissed" : "mic-denied";
    }
    return "mic-failed";
  }
}

/** @param {MediaStream} stream that is not needed any more */
export function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
