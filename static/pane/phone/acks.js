/**
 * The ACKs of one call: each 2xx to an INVITE of the phone's gets one, as often as it comes and over whichever
 * connection, for FCC ends a call whose ACK stays away.
 *
 * An ACK that is on its way when the connection breaks is lost, and JsSIP forgets an INVITE with the connection that it
 * went over: a 2xx which FCC repeats over the next one is nothing to it. Both are made good here.
 * Source: RFC 3261, sections 13.2.2.4 (each 2xx has its ACK, with the number of the INVITE), 13.3.1.4 and 14.2.
 */

/** FCC repeats a 2xx and waits for its ACK for so long: 64 x T1. */
const WAITED_FOR = 32_000;

/**
 * @typedef {object} Acks
 * @property {() => void} repeat the way to FCC is open again, and nothing has been said over it yet
 * @property {(data: unknown) => void} hear what comes over the socket, before JsSIP reads it
 *
 * @param {any} session JsSIP's; from now on its requests are looked at as they go
 * @param {{after: (callback: () => void, milliseconds: number) => unknown, transmit: (request: any) => void}} deps
 * @returns {Acks}
 */
export function createAcks(session, { after, transmit }) {
  /** @type {any} the last one, as long as FCC may wait for it */
  let last = null;
  /** @type {any} the last INVITE inside the call */
  let invite = null;
  let known = 0; // JsSIP knows the INVITEs from this number on

  const send = session.sendRequest.bind(session);
  session.sendRequest = (/** @type {string} */ method, /** @type {any} */ options) => {
    const request = send(method, options);
    if (method === "INVITE") {
      invite = request;
      known = Math.min(known, request.cseq);
    }
    if (method === "ACK") {
      last = request;
      after(() => {
        if (last === request) last = null;
      }, WAITED_FOR);
    }
    return request;
  };

  /** @param {number} number of the INVITE @returns {any} */
  function made(number) {
    const ack = invite.clone();
    ack.method = "ACK";
    ack.body = null;
    ack.extraHeaders = [];
    ack.setHeader("cseq", `${number} ACK`);
    ack.setHeader("via", `${invite.getHeader("via")}-ack${number}`);
    return ack;
  }

  return {
    repeat() {
      known = Infinity;
      if (last) transmit(last);
    },
    hear(data) {
      const answer = accepted(data);
      const ours = last ?? invite;
      if (!answer || !ours || answer.number >= known) return;
      if (answer.callId !== ours.call_id || answer.tag !== ours.to.getParam("tag")) return;
      if (last?.cseq === answer.number) transmit(last);
      else if (invite) transmit(made(answer.number));
    },
  };
}

/**
 * @param {unknown} data
 * @returns {{number: number, callId: string|undefined, tag: string|undefined}|null} of a 2xx to an INVITE
 */
function accepted(data) {
  if (typeof data !== "string" || !/^SIP\/2\.0 2\d\d /.test(data)) return null;
  const head = /** @type {string} */ (data.split("\r\n\r\n", 1)[0]);
  const number = /^CSeq\s*:\s*(\d+)\s+INVITE\s*$/im.exec(head)?.[1];
  if (number === undefined) return null;
  return {
    number: Number(number),
    callId: /^(?:Call-ID|i)\s*:\s*(\S+)/im.exec(head)?.[1],
    tag: /^(?:To|t)\s*:.*;\s*tag=([^;\s]+)/im.exec(head)?.[1],
  };
}
