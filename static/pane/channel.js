/**
 * The pane's one WebSocket to the server: commands out, answers and events in.
 *
 * A command keeps its id until it is answered, over as many connections as that takes, so that the server can tell a
 * repetition from a second wish. Events carry a rising number; after a reconnect the server sends what was missed.
 */

/** @typedef {import("./state/types.js").LinkState} LinkState */

/** What the server answered a command with, when it refused. */
export class ChannelError extends Error {
  /**
   * @param {string} code stable name of the error
   * @param {string} message a sentence for the agent; empty when it was made here
   */
  constructor(code, message = "") {
    super(message || code);
    this.name = "ChannelError";
    this.code = code;
    this.sentence = message;
  }
}

/**
 * @typedef {import("./channel-types.js").Commands} Commands
 * @typedef {import("./channel-types.js").Answers} Answers
 * @typedef {import("./channel-types.js").ChannelEvent} ChannelEvent
 * @typedef {Answers["hello"]} Hello what the server answers the first message with
 *
 * @typedef {object} RequestOptions
 * @property {number} [timeout] milliseconds; afterwards the command is given up and not repeated
 * @property {boolean} [once] not repeated on a new connection
 *
 * @typedef {<K extends keyof Commands>(type: K, fields?: Commands[K], options?: RequestOptions) => Promise<Answers[K]>} Request
 *
 * @typedef {object} Channel
 * @property {() => void} open also after `close`: then the pane is the one it was
 * @property {() => void} close say farewell, so that the server does not wait for this pane
 * @property {() => void} tick called about once a second by a timer that is not slowed down in hidden pages
 * @property {() => void} hurry the network came back: connect now
 * @property {() => boolean} isOpen
 * @property {Request} request
 *
 * @typedef {{readyState: number, send(data: string): void, close(code?: number): void,
 *   onopen: any, onclose: any, onmessage: any, onerror: any}} SocketLike
 *
 * @typedef {object} ChannelDependencies
 * @property {string} url
 * @property {string} pane random name of this page load
 * @property {() => string} token the session's token, asked for at each connect
 * @property {() => boolean} expired the token's time is over
 * @property {() => boolean} focused the agent's attention is on this pane
 * @property {(url: string, protocols: string[]) => SocketLike} connect
 * @property {() => number} now milliseconds
 * @property {() => number} random 0 to 1
 * @property {(callback: () => void, milliseconds: number) => unknown} after
 * @property {(hello: Hello) => void} onHello
 * @property {(event: ChannelEvent) => void} onEvent
 * @property {(link: LinkState) => void} onLink
 */

/** For a command that the connector asks FCC or Salesforce about: longer than it waits for them (13 s), so that its word arrives. */
export const ANSWER_PATIENCE = 16_000;
const PROTOCOL = "fcc-pane.v1";
const FIRST_DELAY = 300;
const LONGEST_DELAY = 15_000;
const CLOSE_SESSION_OVER = 4401;
const CLOSE_REFUSED = 4403;
const SILENT_BEATS = 2.5;
const HELLO_PATIENCE = 10_000;

/**
 * @param {ChannelDependencies} deps
 * @returns {Channel}
 */
export function createChannel(deps) {
  /** Commands without an answer yet, by their ids. @type {Map<string, {type: string, text: string, once: boolean, resolve: (ok: any) => void, reject: (error: Error) => void}>} */
  const pending = new Map();
  let socket = /** @type {SocketLike|null} */ (null); // the present connection; what another still says is not heard
  let greeted = false; // the server has answered hello on it, so that commands may go
  let ended = false; // for good: nothing connects any more
  let lastSeq = /** @type {number|null} */ (null); // of the events seen, for the server to go on from
  let counter = 0; // of our commands, for their ids
  let attempt = 0; // connections lost since the last that was greeted
  let heartbeat = 10_000; // how often we say that we live, in milliseconds
  let lastHeard = 0; // when anything came last
  let lastBeat = 0; // when we said so last
  let connectAt = /** @type {number|null} */ (null); // when to connect again

  function open() {
    if (ended || socket) return;
    connectAt = null;
    deps.onLink("connecting");
    const mine = deps.connect(deps.url, [PROTOCOL, `bearer.${deps.token()}`]);
    socket = mine;
    greeted = false;
    lastHeard = deps.now();
    mine.onopen = () => {
      if (socket === mine) sayHello(mine);
    };
    mine.onmessage = (/** @type {{data: unknown}} */ message) => {
      if (socket === mine) hear(message.data);
    };
    mine.onclose = (/** @type {{code?: number}} */ event) => {
      if (socket === mine) lost(event.code ?? 1006);
    };
    mine.onerror = () => undefined; // a close always follows
  }

  /** @param {SocketLike} mine */
  function sayHello(mine) {
    counter += 1;
    const id = `c${counter}`;
    const message = { id, type: "hello", pane: deps.pane, lastSeq, focused: deps.focused() };
    pending.set(id, {
      type: "hello",
      text: "",
      once: true,
      resolve: (/** @type {Hello} */ hello) => greet(hello),
      reject: () => {
        if (socket === mine) mine.close(1000);
      },
    });
    mine.send(JSON.stringify(message));
  }

  /** @param {Hello} hello */
  function greet(hello) {
    greeted = true;
    attempt = 0;
    heartbeat = Math.max(1, hello.heartbeat || 10) * 1000;
    lastBeat = deps.now();
    if (lastSeq !== null && hello.seq < lastSeq) lastSeq = 0; // the server's memory began anew
    deps.onLink("open");
    for (const command of pending.values()) if (command.text) socket?.send(command.text);
    deps.onHello(hello);
  }

  /** @param {unknown} data */
  function hear(data) {
    lastHeard = deps.now();
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(String(data));
    } catch {
      return;
    }
    if (message === null || typeof message !== "object") return;
    if (typeof message.re === "string") {
      const command = pending.get(message.re);
      if (!command) return;
      pending.delete(message.re);
      if (message.error) {
        command.reject(new ChannelError(String(message.error.code ?? "unknown"), String(message.error.message ?? "")));
      } else {
        command.resolve(message.ok ?? {});
      }
      return;
    }
    if (typeof message.type !== "string") return;
    if (typeof message.seq === "number") {
      if (message.type !== "snapshot" && lastSeq !== null && message.seq < lastSeq) return;
      lastSeq = message.seq;
    }
    deps.onEvent(message);
  }

  /** @param {number} code */
  function lost(code) {
    socket = null;
    greeted = false;
    for (const [id, command] of [...pending]) {
      if (command.once) {
        pending.delete(id);
        if (command.type !== "hello") command.reject(new ChannelError("no-connection"));
      }
    }
    if (code === CLOSE_SESSION_OVER || (code !== CLOSE_REFUSED && deps.expired())) return finish("over", "session-over");
    if (code === CLOSE_REFUSED) return finish("refused", "refused");
    attempt += 1;
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
    const delay = longest * (0.5 + deps.random() / 2);
    connectAt = deps.now() + delay;
    deps.onLink("lost");
    deps.after(() => {
      if (connectAt !== null && deps.now() >= connectAt - 5) open();
    }, delay);
  }

  /**
   * @param {LinkState} link
   * @param {string} code
   */
  function finish(link, code) {
    ended = true;
    connectAt = null;
    for (const command of pending.values()) if (command.type !== "hello") command.reject(new ChannelError(code));
    pending.clear();
    deps.onLink(link);
  }

  return {
    open,
    isOpen: () => greeted,
    close() {
      const old = socket;
      if (old) {
        old.onclose = null;
        old.close(1000);
        lost(1000);
      }
      connectAt = null;
    },
    hurry() {
      if (connectAt !== null) open();
    },
    tick() {
      const now = deps.now();
      if (connectAt !== null && now >= connectAt) open();
      if (!socket) return;
      const patience = greeted ? heartbeat * SILENT_BEATS : HELLO_PATIENCE;
      if (now - lastHeard > patience) {
        const old = socket;
        old.onclose = null;
        old.close();
        lost(1006);
        return;
      }
      if (greeted && now - lastBeat >= heartbeat) {
        lastBeat = now;
        this.request("beat", {}, { once: true }).catch(() => undefined);
      }
    },
    request(type, fields = /** @type {any} */ ({}), options = {}) {
      if (ended) return Promise.reject(new ChannelError("session-over"));
      if (options.once && !greeted) return Promise.reject(new ChannelError("no-connection"));
      counter += 1;
      const id = `c${counter}`;
      const text = JSON.stringify({ id, type, ...fields });
      return new Promise((resolve, reject) => {
        pending.set(id, { type, text, once: options.once ?? false, resolve, reject });
        if (greeted) socket?.send(text);
        if (options.timeout !== undefined) {
          deps.after(() => {
            if (pending.delete(id)) reject(new ChannelError("no-answer"));
          }, options.timeout);
        }
      });
    },
  };
}
