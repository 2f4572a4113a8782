/**
 * The socket under the SIP stack. It asks for a fresh single-use ticket each time it connects.
 * Source: RFC 7118; the shape is JsSIP's Socket interface.
 */

/**
 * @typedef {object} TicketSocketDependencies
 * @property {string} url without the ticket
 * @property {() => Promise<string>} ticket
 * @property {(url: string, protocol: string) => any} connect
 * @property {(data: unknown) => unknown} readable what the stack is to read in place of what came
 *
 * @typedef {object} TicketSocket
 * @property {string} url
 * @property {string} via_transport
 * @property {string} sip_uri
 * @property {() => void} connect
 * @property {() => void} disconnect
 * @property {() => void} reopen have the stack connect anew, with a fresh ticket
 * @property {(data: any) => boolean} send
 * @property {() => boolean} isConnected
 * @property {() => boolean} isConnecting
 * @property {() => void} onconnect
 * @property {(error: boolean, code?: number, reason?: string) => void} ondisconnect
 * @property {(data: any) => void} ondata
 */

/**
 * @param {TicketSocketDependencies} deps
 * @returns {TicketSocket}
 */
export function createTicketSocket(deps) {
  const parsed = new URL(deps.url);
  /** @type {any} */
  let socket = null; // the present one; what another still says is not heard
  let round = 0; // of connecting; a ticket for an earlier one comes too late
  let asking = false; // a ticket has been asked for

  /** @type {TicketSocket} */
  const self = {
    url: deps.url,
    via_transport: parsed.protocol === "wss:" ? "WSS" : "WS",
    sip_uri: `sip:${parsed.host};transport=ws`,
    onconnect: () => undefined,
    ondisconnect: () => undefined,
    ondata: () => undefined,
    isConnected: () => socket !== null && socket.readyState === 1,
    isConnecting: () => asking || (socket !== null && socket.readyState === 0),
    connect() {
      if (self.isConnected() || self.isConnecting()) return;
      round += 1;
      void open(round);
    },
    disconnect() {
      round += 1;
      asking = false;
      drop();
    },
    reopen() {
      const there = socket !== null;
      self.disconnect();
      if (there) self.ondisconnect(false, 1000, "reopened");
      else self.connect();
    },
    send(data) {
      if (!self.isConnected()) return false;
      socket.send(data);
      return true;
    },
  };

  /** @param {number} mine */
  async function open(mine) {
    asking = true;
    let ticket;
    try {
      ticket = await deps.ticket();
    } catch {
      if (mine !== round) return;
      asking = false;
      self.ondisconnect(true, 0, "no ticket");
      return;
    }
    if (mine !== round) return;
    asking = false;
    const address = new URL(deps.url);
    address.searchParams.set("ticket", ticket);
    const next = deps.connect(address.href, "sip");
    socket = next;
    next.binaryType = "arraybuffer";
    next.onopen = () => self.onconnect();
    next.onmessage = (/** @type {{data: any}} */ event) => self.ondata(deps.readable(event.data));
    next.onerror = () => undefined; // a close always follows
    next.onclose = (/** @type {{wasClean: boolean, code: number, reason: string}} */ event) => {
      if (socket !== next) return;
      socket = null;
      self.ondisconnect(!event.wasClean, event.code, event.reason);
    };
  }

  function drop() {
    const old = socket;
    socket = null;
    if (!old) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  return self;
}
