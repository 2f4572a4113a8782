/**
 * Requests inside a call that is up. Whatever becomes of one, the call goes on: JsSIP's own hold and digits end the
 * session when their request fails, so this phone sends them itself, over the session's `sendRequest`.
 *
 * Source: RFC 3261, sections 12.2.1.2 and 14.1.
 */

/**
 * @typedef {object} Answer
 * @property {number|null} status of the final answer; null when none came
 * @property {string|null} sdp of a 2xx that carries a description
 * @property {boolean} unsent the request never left, for there was no connection
 *
 * @typedef {object} DialogDependencies
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 * @property {() => boolean} connected the socket to FCC is open
 */

/** A little longer than JsSIP waits for the first answer (32 s), which it does not wait for once FCC said "trying". */
const ANSWER_WITHIN = 34_000;
const NO_ANSWER = Object.freeze({ status: null, sdp: null, unsent: false });
const UNSENT = Object.freeze({ status: null, sdp: null, unsent: true });

/**
 * @param {any} session JsSIP's
 * @param {DialogDependencies} deps
 */
export function createDialog(session, deps) {
  /** @type {Set<number>} */
  const repeated = new Set();

  /**
   * Sends a request and waits for its final answer; a 2xx to an INVITE is acknowledged, as often as it comes. Never
   * rejects.
   *
   * @param {string} method
   * @param {{contentType: string, body: string, contact?: boolean}} content
   * @param {() => void} [late] a 2xx came after the answer had been given up
   * @returns {Promise<Answer>}
   */
  function ask(method, { contentType, body, contact = false }, late = () => undefined) {
    if (!deps.connected() || session.isEnded()) return Promise.resolve(UNSENT);
    return new Promise((resolve) => {
      let settled = false;
      const settle = (/** @type {Answer} */ answer) => {
        if (settled) return;
        settled = true;
        resolve(answer);
      };
      const refused = (/** @type {any} */ response) => settle({ status: statusOf(response), sdp: null, unsent: false });
      deps.after(() => settle(NO_ANSWER), ANSWER_WITHIN);
      session.sendRequest(method, {
        extraHeaders: [`Content-Type: ${contentType}`, ...(contact ? [`Contact: ${session.contact}`] : [])],
        body,
        eventHandlers: {
          onSuccessResponse(/** @type {any} */ response) {
            if (session.isEnded()) return;
            if (method === "INVITE") session.sendRequest("ACK");
            const described = /^application\/sdp\b/i.test(response.getHeader("Content-Type") ?? "");
            if (!settled) settle({ status: response.status_code, sdp: described ? response.body || null : null, unsent: false });
            else if (!repeated.has(response.cseq)) late();
            repeated.add(response.cseq);
          },
          onErrorResponse: refused,
          onDialogError: refused,
          onRequestTimeout: () => settle(NO_ANSWER),
          onTransportError: () => settle(NO_ANSWER),
        },
      });
    });
  }
  return { ask };
}

const PENDING = /^SIP\/2\.0 491 [^\r\n]*/;
const TOLD_AS = "SIP/2.0 500 Request Pending\r\nX-Was: 491";

/**
 * What JsSIP is to read in place of a message. It repeats an INVITE that was answered 491 by itself, after a fixed second
 * and under the number of the first, which the far end must refuse (RFC 3261, section 12.2.2); so it gets to see
 * another refusal, with the true status beside it.
 *
 * @param {unknown} data as it came over the socket
 * @returns {unknown}
 */
export function readable(data) {
  if (typeof data !== "string" || !PENDING.test(data) || !/^CSeq:\s*\d+\s+INVITE\s*$/im.test(data)) return data;
  return data.replace(PENDING, TOLD_AS);
}

/**
 * @param {any} response
 * @returns {number} the status that the far end gave
 */
function statusOf(response) {
  const was = Number(response.getHeader?.("X-Was"));
  return was === 491 ? was : response.status_code;
}
