/**
 * The pane's side of the bridge to the Visualforce page, which holds Salesforce's Open CTI.
 *
 * Messages are plain objects with `fcc: 1`. Only the parent window is believed, and only under the origin that the
 * server named when this page was made.
 */

/**
 * @typedef {object} MicrophoneDelegation what the Visualforce page can tell about the microphone
 * @property {string} allow the `allow` attribute of the pane's frame
 * @property {boolean|null} delegated the pane's origin may use the microphone in that frame; null: the browser can't tell
 * @property {boolean|null} outer the Visualforce page itself may use it
 *
 * @typedef {object} BridgeHello
 * @property {string} version
 * @property {boolean} cti Open CTI started
 * @property {MicrophoneDelegation|null} mic
 *
 * @typedef {object} ClickToDial the record a number was clicked on
 * @property {string} number
 * @property {string} [recordId]
 * @property {string} [recordName]
 * @property {string} [objectType]
 * @property {string} [accountId]
 * @property {string} [contactId]
 * @property {boolean} [personAccount]
 *
 * @typedef {object} WindowLike
 * @property {(message: any, targetOrigin: string) => void} postMessage
 *
 * @typedef {object} BridgeDependencies
 * @property {WindowLike} parent
 * @property {string} origin the Visualforce page's origin
 * @property {(listener: (event: {source: unknown, origin: string, data: any}) => void) => void} listen
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 * @property {(hello: BridgeHello) => void} onHello
 * @property {(payload: ClickToDial) => void} onClickToDial
 * @property {(payload: Record<string, unknown>) => void} onNavigation
 *
 * @typedef {object} Bridge
 * @property {() => void} ready tell the page we listen
 * @property {(method: string, args?: Record<string, unknown>) => Promise<any>} call
 */

const CALL_PATIENCE = 10_000;
const READY_EVERY = 500;
const READY_TIMES = 40;

/** Salesforce, or the bridge, refused a call. */
export class BridgeError extends Error {
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
 * @param {BridgeDependencies} deps
 * @returns {Bridge}
 */
export function createBridge(deps) {
  let counter = 0;
  let greeted = false;
  /** @type {Map<string, {method: string, resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const pending = new Map();

  const send = (/** @type {Record<string, unknown>} */ message) => deps.parent.postMessage({ fcc: 1, ...message }, deps.origin);
  const nextId = () => `p${(counter += 1)}`;

  deps.listen((event) => {
    if (event.source !== deps.parent || event.origin !== deps.origin) return;
    const message = event.data;
    if (message === null || typeof message !== "object" || message.fcc !== 1) return;
    if (message.type === "hello") {
      greeted = true;
      const flag = (/** @type {unknown} */ value) => (typeof value === "boolean" ? value : null);
      const mic = message.mic && typeof message.mic === "object"
        ? { allow: String(message.mic.allow ?? ""), delegated: flag(message.mic.delegated), outer: flag(message.mic.outer) }
        : null;
      deps.onHello({ version: String(message.version ?? ""), cti: message.cti !== false, mic });
    } else if (message.type === "result") {
      const call = pending.get(String(message.id));
      if (!call) return;
      pending.delete(String(message.id));
      if (message.success) call.resolve(message.returnValue ?? null);
      else call.reject(new BridgeError(call.method, message.errors ?? null));
    } else if (message.type === "event") {
      const payload = message.payload;
      if (payload === null || typeof payload !== "object") return;
      if (message.name === "clickToDial") deps.onClickToDial({ ...payload, number: String(payload.number ?? "") });
      if (message.name === "navigation") deps.onNavigation(payload);
    }
  });

  return {
    ready() {
      let left = READY_TIMES;
      const knock = () => {
        if (greeted || left <= 0) return;
        left -= 1;
        send({ id: nextId(), type: "ready" });
        deps.after(knock, READY_EVERY);
      };
      knock();
    },
    call(method, args = {}) {
      const id = nextId();
      return new Promise((resolve, reject) => {
        pending.set(id, { method, resolve, reject });
        send({ id, type: "call", method, args });
        deps.after(() => {
          if (pending.delete(id)) reject(new BridgeError(method, "no-answer"));
        }, CALL_PATIENCE);
      });
    },
  };
}
