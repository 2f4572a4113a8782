/** The pane's channel against a server that the test plays. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createChannel } from "../../static/pane/channel.js";
import { commandProblems } from "./schema.mjs";
import { DrivenTime, FakeSocket, settle } from "./support.mjs";

describe("the channel", () => {
  /** @type {DrivenTime} */ let time;
  /** @type {any[]} */ let events;
  /** @type {string[]} */ let links;
  /** @type {any[]} */ let hellos;
  /** @type {import("../../static/pane/channel.js").Channel} */ let channel;
  let token = "t0ken";
  let expired = false;

  beforeEach(() => {
    time = new DrivenTime();
    events = [];
    links = [];
    hellos = [];
    token = "t0ken";
    expired = false;
    FakeSocket.made = [];
    channel = createChannel({
      url: "wss://connector.example/pane/channel",
      pane: "pane-1234",
      token: () => token,
      expired: () => expired,
      focused: () => true,
      connect: (url, protocols) => new FakeSocket(url, protocols),
      now: time.now,
      after: time.after,
      random: () => 1,
      onHello: (hello) => hellos.push(hello),
      onEvent: (event) => events.push(event),
      onLink: (link) => links.push(link),
    });
  });

  const greet = (seq = 0, more = {}) => {
    const socket = FakeSocket.last();
    socket.open();
    socket.say({ re: socket.sent[0].id, ok: { seq, leader: true, fence: 1, heartbeat: 10, ...more } });
    return socket;
  };

  it("offers its protocol and the session as subprotocols, and nothing in the address", () => {
    channel.open();
    assert.deepEqual(FakeSocket.last().protocols, ["fcc-pane.v1", "bearer.t0ken"]);
    assert.equal(FakeSocket.last().url, "wss://connector.example/pane/channel");
  });

  it("says hello first, with what it has seen", () => {
    channel.open();
    const socket = greet(4);
    assert.equal(commandProblems(socket.sent[0]), null);
    assert.deepEqual({ ...socket.sent[0], id: "" }, { id: "", type: "hello", pane: "pane-1234", lastSeq: null, focused: true });
    socket.say({ seq: 5, type: "presence", presence: {} });
    socket.drop();
    time.move(400);
    FakeSocket.last().open();
    assert.equal(FakeSocket.last().sent[0].lastSeq, 5);
  });

  it("holds commands back until it was greeted", () => {
    channel.open();
    const socket = FakeSocket.last();
    void channel.request("presence.set", { statusId: 1 });
    socket.open();
    assert.equal(socket.sent.length, 1);
    socket.say({ re: socket.sent[0].id, ok: { seq: 0, leader: true, fence: 1, heartbeat: 10 } });
    assert.equal(socket.of("presence.set").length, 1);
  });

  it("repeats an unanswered command under the same id on the next connection", async () => {
    channel.open();
    const first = greet();
    const answer = channel.request("call.report", { kind: "answered" });
    const id = first.of("call.report")[0].id;
    first.drop();
    time.move(400);
    const second = greet();
    assert.deepEqual(second.of("call.report").map((command) => command.id), [id]);
    second.say({ re: id, ok: { done: true } });
    assert.deepEqual(await answer, { done: true });
  });

  it("does not repeat what was answered", async () => {
    channel.open();
    const first = greet();
    const answer = channel.request("presence.set", { statusId: 1 });
    first.say({ re: first.of("presence.set")[0].id, ok: {} });
    await answer;
    first.drop();
    time.move(400);
    assert.equal(greet().of("presence.set").length, 0);
  });

  it("does not dial minutes later: a command with a time limit is given up", async () => {
    channel.open();
    const first = greet();
    const answer = channel.request("dial", { number: "600100200", record: null }, { timeout: 10_000 });
    answer.catch(() => undefined);
    first.drop();
    time.move(10_001);
    await assert.rejects(answer, { code: "no-answer" });
    assert.equal(greet().of("dial").length, 0);
  });

  it("gives the server's refusal with its code and sentence", async () => {
    channel.open();
    const socket = greet();
    const answer = channel.request("dial", { number: "x", record: null });
    socket.say({ re: socket.of("dial")[0].id, error: { code: "number-invalid", message: "To nie jest numer." } });
    await assert.rejects(answer, { code: "number-invalid", sentence: "To nie jest numer." });
  });

  it("drops what it has seen already and takes a snapshot whatever its number", () => {
    channel.open();
    const socket = greet(9);
    socket.say({ seq: 9, type: "snapshot" });
    socket.say({ seq: 8, type: "call" });
    socket.say({ seq: 10, type: "call" });
    assert.deepEqual(events.map((event) => [event.type, event.seq]), [["snapshot", 9], ["call", 10]]);
  });

  it("listens again when the server's memory began anew", () => {
    channel.open();
    greet(50).say({ seq: 51, type: "call" });
    FakeSocket.last().drop();
    time.move(400);
    greet(2).say({ seq: 3, type: "call" });
    assert.deepEqual(events.map((event) => event.seq), [51, 3]);
  });

  it("waits longer after each failure, never beyond fifteen seconds, and starts over once greeted", () => {
    channel.open();
    const delays = [];
    for (let round = 0; round < 8; round += 1) {
      const before = FakeSocket.made.length;
      const from = time.now();
      FakeSocket.last().drop();
      while (FakeSocket.made.length === before) time.move(50);
      delays.push(time.now() - from);
    }
    assert.ok(delays.every((delay, index) => index === 0 || delay >= /** @type {number} */ (delays[index - 1])));
    assert.ok(Math.max(...delays) <= 15_050);
    greet().drop();
    const before = FakeSocket.made.length;
    time.move(350);
    assert.equal(FakeSocket.made.length, before + 1);
  });

  it("connects at once when the network comes back", () => {
    channel.open();
    for (let round = 0; round < 5; round += 1) {
      FakeSocket.last().drop();
      channel.hurry();
    }
    assert.equal(FakeSocket.made.length, 6);
  });

  it("says farewell when its page goes away, stays away, and is the same pane when the page is back", async () => {
    channel.open();
    const socket = greet(4);
    const codes = [];
    socket.close = (code) => codes.push(code);
    const report = channel.request("call.report", { kind: "ended" });
    const beat = channel.request("beat", {}, { once: true });
    channel.close();
    assert.deepEqual([codes, links.at(-1)], [[1000], "lost"]);
    await assert.rejects(beat, { code: "no-connection" });
    socket.drop(1000);
    for (const wait of [400, 60_000]) {
      time.move(wait);
      channel.tick();
      channel.hurry();
    }
    assert.equal(FakeSocket.made.length, 1);
    channel.open();
    const again = greet(5);
    assert.deepEqual([again.sent[0].pane, again.sent[0].type], [socket.sent[0].pane, "hello"]);
    const [repeated] = again.of("call.report");
    again.say({ re: repeated.id, ok: {} });
    await report;
  });

  it("makes no connection any more when its page goes away while it waits to make one", () => {
    channel.open();
    FakeSocket.last().drop();
    channel.close();
    time.move(60_000);
    channel.tick();
    assert.equal(FakeSocket.made.length, 1);
  });

  it("ends at 4401 and asks nothing more", async () => {
    channel.open();
    const socket = greet();
    const waiting = channel.request("presence.set", { statusId: 1 });
    waiting.catch(() => undefined);
    socket.drop(4401);
    await assert.rejects(waiting, { code: "session-over" });
    time.move(60_000);
    assert.equal(FakeSocket.made.length, 1);
    assert.equal(links.at(-1), "over");
    await assert.rejects(channel.request("beat"), { code: "session-over" });
  });

  it("ends at 4403", () => {
    channel.open();
    greet().drop(4403);
    assert.equal(links.at(-1), "refused");
  });

  it("takes a refused handshake for the session's end when the token's time is over", () => {
    channel.open();
    expired = true;
    FakeSocket.last().drop(1006);
    assert.equal(links.at(-1), "over");
  });

  it("comes back after a restart of the server", () => {
    channel.open();
    greet().drop(1012);
    assert.equal(links.at(-1), "lost");
    time.move(400);
    greet();
    assert.deepEqual(links, ["connecting", "open", "lost", "connecting", "open"]);
  });

  it("beats at the pace the server named", async () => {
    channel.open();
    const socket = greet(0, { heartbeat: 10 });
    for (let second = 0; second < 31; second += 1) {
      time.move(1000);
      channel.tick();
      for (const beat of socket.of("beat")) socket.say({ re: beat.id, ok: {} });
      await settle();
    }
    assert.equal(socket.of("beat").length, 3);
  });

  it("gives a silent connection up and makes a new one", () => {
    channel.open();
    const socket = greet(0, { heartbeat: 10 });
    for (let second = 0; second < 27; second += 1) {
      time.move(1000);
      channel.tick();
    }
    assert.equal(socket.closed, true);
    assert.equal(FakeSocket.made.length, 2);
  });

  it("survives what it can't read", () => {
    channel.open();
    const socket = greet();
    socket.onmessage({ data: "not json" });
    socket.say(null);
    socket.say({ hello: 1 });
    socket.say({ re: "unknown", ok: {} });
    assert.deepEqual(events, []);
  });
});
