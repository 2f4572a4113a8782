/**
 * The two things the pane needs of Salesforce's Canvas frame: a fresh signed request, and to be signed in anew.
 *
 * Messages are JSON strings to the parent window, answered under the same running number.
 * Source: Canvas Developer Guide, "Refreshing a Signed Request"; SalesforceCanvasJavascriptSDK.
 */

/**
 * @typedef {object} CanvasDependencies
 * @property {{postMessage: (message: any, targetOrigin: string) => void}} parent
 * @property {string} origin
 * @property {string} frameName the name Canvas gave this frame
 * @property {(listener: (event: {source: unknown, origin: string, data: any}) => void) => void} listen
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 *
 * @typedef {object} Canvas
 * @property {() => Promise<string>} refreshSignedRequest a fresh `<signature>.<payload>`
 * @property {() => void} repost has Canvas load this page again, signed in anew
 */

const FRAME_PREFIX = "canvas-frame-";
const SEQUENCE_LIMIT = 100;
const PATIENCE = 15_000;

/**
 * @param {CanvasDependencies} deps
 * @returns {Canvas}
 */
export function createCanvas(deps) {
  let sequence = 0; // of our messages; Canvas answers under the same number
  /** Questions without an answer yet, by their numbers. @type {Map<number, {resolve: (signedRequest: string) => void, reject: (error: Error) => void}>} */
  const pending = new Map();
  const instanceId = deps.frameName.startsWith(FRAME_PREFIX) ? deps.frameName.slice(FRAME_PREFIX.length) : deps.frameName;
  const client = { oauthToken: "null", instanceId, targetOrigin: "*" };

  deps.listen((event) => {
    if (event.source !== deps.parent || event.origin !== deps.origin || typeof event.data !== "string") return;
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(event.data);
    } catch {
      return;
    }
    if (message?.type !== "callback") return;
    const wait = pending.get(Number(message.seq));
    if (!wait) return;
    pending.delete(Number(message.seq));
    const signedRequest = message.payload?.response;
    if (typeof signedRequest === "string" && signedRequest.includes(".")) wait.resolve(signedRequest);
    else wait.reject(new Error(`canvas refused: ${String(message.status ?? "no status")}`));
  });

  /** @param {Record<string, unknown>} body */
  function post(body) {
    sequence = sequence >= SEQUENCE_LIMIT ? 0 : sequence + 1;
    const message = {
      seq: sequence,
      src: "client",
      clientVersion: "41.0",
      parentVersion: "41.0",
      targetModule: "Canvas",
      body: { ...body, accessToken: client.oauthToken, config: { client } },
    };
    deps.parent.postMessage(JSON.stringify(message), deps.origin);
    return sequence;
  }

  return {
    refreshSignedRequest() {
      return new Promise((resolve, reject) => {
        const seq = post({ type: "refresh" });
        const wait = { resolve, reject };
        pending.set(seq, wait);
        deps.after(() => {
          if (pending.get(seq) === wait) {
            pending.delete(seq);
            reject(new Error("canvas did not answer"));
          }
        }, PATIENCE);
      });
    },
    repost() {
      post({ type: "repost", refresh: true });
    },
  };
}
