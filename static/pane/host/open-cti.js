/**
 * Salesforce's softphone panel as the pane's host: the pane's side of the bridge to the Visualforce page, which holds
 * Open CTI (docs/bridge.md).
 *
 * Messages are plain objects with `fcc: 1`. Only the parent window is believed, and only under the origin that the
 * server named when this page was made.
 */
import { spoken } from "../i18n/index.js";
import { words } from "./open-cti-words.js";

/**
 * @typedef {object} WindowLike
 * @property {(message: any, targetOrigin: string) => void} postMessage
 *
 * @typedef {import("./port.js").HostListener & {
 *   parent: WindowLike,
 *   origin: string,
 *   language: string,
 *   listen: (listener: (event: {source: unknown, origin: string, data: any}) => void) => void,
 *   after: (callback: () => void, milliseconds: number) => unknown,
 * }} OpenCtiDependencies `origin` is the Visualforce page's; `language` the agent's
 */

const CALL_PATIENCE = 10_000;
const READY_EVERY = 500;
const READY_TIMES = 40;

/** Salesforce, or the bridge, refused a call. */
class BridgeError extends Error {
  /**
   * @param {string} method
   * @param {unknown} errors as Open CTI gave them
   */
  constructor(method, errors) {
    super(`${method} failed`);
    this.name = "BridgeError";
    this.method = method;
    this.errors = errors;
  }
}

/**
 * @param {OpenCtiDependencies} deps
 * @returns {import("./port.js").Host}
 */
export function createOpenCti(deps) {
  let counter = 0; // of our messages, for their ids
  let greeted = false; // the page has answered, so that nobody needs to knock
  let outerWithholds = false; // the page said that it may not use the microphone itself
  const sentences = new Map(Object.entries(words[spoken(deps.language)]));
  /** Calls without an answer yet, by their ids. @type {Map<string, {method: string, resolve: () => void, reject: (error: Error) => void}>} */
  const pending = new Map();

  const send = (/** @type {Record<string, unknown>} */ message) => deps.parent.postMessage({ fcc: 1, ...message }, deps.origin);
  const nextId = () => `p${(counter += 1)}`;

  deps.listen((event) => {
    if (event.source !== deps.parent || event.origin !== deps.origin) return;
    const message = event.data;
    if (message === null || typeof message !== "object" || message.fcc !== 1) return;
    if (message.type === "hello") {
      greeted = true;
      const started = message.cti !== false;
      if (started) call("notifyInitializationComplete").catch(() => undefined);
      outerWithholds = message.mic?.outer === false;
      deps.onReady({ problem: started ? null : "cti-missing" });
    } else if (message.type === "result") {
      const asked = pending.get(String(message.id));
      if (!asked) return;
      pending.delete(String(message.id));
      if (message.success) asked.resolve();
      else asked.reject(new BridgeError(asked.method, message.errors ?? null));
    } else if (message.type === "event" && message.name === "clickToDial") {
      const payload = message.payload;
      if (payload !== null && typeof payload === "object") deps.onNumberClicked(String(payload.number ?? ""), clickedRecord(payload));
    }
  });

  /**
   * @param {string} method of Open CTI
   * @param {Record<string, unknown>} [args]
   * @returns {Promise<void>}
   */
  function call(method, args = {}) {
    const id = nextId();
    return new Promise((resolve, reject) => {
      pending.set(id, { method, resolve, reject });
      send({ id, type: "call", method, args });
      deps.after(() => {
        if (pending.delete(id)) reject(new BridgeError(method, "no-answer"));
      }, CALL_PATIENCE);
    });
  }

  return {
    start() {
      let left = READY_TIMES; // knocks before we give up
      const knock = () => {
        if (greeted || left <= 0) return;
        left -= 1;
        send({ id: nextId(), type: "ready" });
        deps.after(knock, READY_EVERY);
      };
      knock();
    },
    openRecord: (recordId) => call("screenPop", { type: "sobject", params: { recordId } }),
    showPhone: () => call("setSoftphonePanelVisibility", { visible: true }),
    makeNumbersClickable: (on) => call(on ? "enableClickToDial" : "disableClickToDial"),
    withholder: () => (outerWithholds ? "mic-salesforce-frame" : "mic-bridge-frame"),
    sentence: (code) => sentences.get(code) ?? null,
    showRinging: (on) => call("setSoftphoneItemIcon", { key: on ? "incoming_call" : "call" }),
  };
}

/**
 * @param {any} payload of a click on a number
 * @returns {import("./port.js").ClickedRecord|null} null: it stood on no record
 */
function clickedRecord({ recordId, recordName, objectType, accountId, contactId, personAccount }) {
  if (!recordId || !objectType) return null;
  return {
    recordId,
    objectType,
    recordName: recordName ?? "",
    ...(accountId ? { accountId } : {}),
    ...(contactId ? { contactId } : {}),
    ...(typeof personAccount === "boolean" ? { personAccount } : {}),
  };
}
