/** Time that tests drive, and a socket that tests hold the other end of. */

/** A clock with timers that run when time is moved on. */
export class DrivenTime {
  constructor(start = 1_000_000) {
    this.value = start;
    /** @type {{at: number, callback: () => void}[]} */
    this.timers = [];
    this.now = () => this.value;
    this.after = (/** @type {() => void} */ callback, /** @type {number} */ milliseconds) => this.timers.push({ at: this.value + milliseconds, callback });
  }

  /** @param {number} milliseconds */
  move(milliseconds) {
    const until = this.value + milliseconds;
    for (;;) {
      const due = this.timers.filter((timer) => timer.at <= until).sort((one, other) => one.at - other.at)[0];
      if (!due) break;
      this.timers.splice(this.timers.indexOf(due), 1);
      this.value = Math.max(this.value, due.at);
      due.callback();
    }
    this.value = until;
  }
}

/** The client's end of a socket; the test plays the server. */
export class FakeSocket {
  /** @type {FakeSocket[]} */
  static made = [];

  /** @param {string} url @param {string[]|string} protocols */
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    this.readyState = 0;
    /** @type {any[]} */
    this.sent = [];
    this.closed = false;
    this.onopen = this.onclose = this.onmessage = this.onerror = null;
    FakeSocket.made.push(this);
  }

  static last() {
    return FakeSocket.made[FakeSocket.made.length - 1];
  }

  send(data) {
    this.sent.push(data.startsWith("{") ? JSON.parse(data) : data);
  }

  close() {
    this.closed = true;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  /** @param {object} message */
  say(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** @param {number} code */
  drop(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code, wasClean: code !== 1006, reason: "" });
  }

  /** @param {string} type */
  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

/** Lets promises run. */
export const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
