/** The phone's parts that need no browser. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { enoughCandidates, HOSTS_WITHIN, SERVERS_WITHIN } from "../../static/pane/phone/candidates.js";
import { createMediaWatch } from "../../static/pane/phone/media-watch.js";
import { createMicrophone } from "../../static/pane/phone/microphone.js";
import { provisionalOutcome, q850Cause } from "../../static/pane/phone/outcome.js";
import { createTicketSocket } from "../../static/pane/phone/socket.js";
import { DrivenTime, FakeSocket, settle } from "./support.mjs";

describe("the microphone", () => {
  const error = (name) => Object.assign(new Error(name), { name });
  const made = (more = {}) => createMicrophone({
    secure: true,
    policyAllows: () => true,
    permission: async () => ({ state: "granted", onchange: null }),
    getUserMedia: async () => "a stream",
    ...more,
  });
  const AROUND = "mic-frame";
  const codeOf = async (more) => (await made(more).check(AROUND)).code;
  const failure = async (more) => {
    const microphone = made(more);
    await microphone.check(AROUND);
    return microphone.open().then(() => "opened", (reason) => reason.code);
  };
  const refused = async () => {
    throw error("NotAllowedError");
  };

  it("is allowed when nobody withholds it", async () => assert.deepEqual(await made().check(AROUND), { state: "allowed", code: null }));
  it("is to be asked for when the agent was never asked", async () => {
    assert.deepEqual(await made({ permission: async () => ({ state: "prompt" }) }).check(AROUND), { state: "ask", code: null });
  });
  it("is withheld by the agent's own setting", async () => assert.equal(await codeOf({ permission: async () => ({ state: "denied" }) }), "mic-denied"));
  it("is withheld around the pane, by what the host names", async () => assert.equal(await codeOf({ policyAllows: () => false }), AROUND));
  it("is withheld without HTTPS", async () => assert.equal(await codeOf({ secure: false }), "mic-insecure"));
  it("is not there in a browser without calls", async () => assert.equal(await codeOf({ getUserMedia: null }), "mic-unsupported"));
  it("is tried where the browser can't say", async () => {
    const state = await made({ policyAllows: null, permission: async () => Promise.reject(new TypeError("unknown name")) }).check(AROUND);
    assert.equal(state.state, "ask");
  });
  it("names what stood in the way of a call", async () => {
    assert.equal(await failure({ getUserMedia: async () => Promise.reject(error("NotFoundError")) }), "mic-missing");
    assert.equal(await failure({ getUserMedia: async () => Promise.reject(error("NotReadableError")) }), "mic-busy");
    assert.equal(await failure({ getUserMedia: refused }), "mic-denied");
    assert.equal(await failure({ getUserMedia: refused, permission: async () => ({ state: "prompt" }) }), "mic-dismissed");
    assert.equal(await failure({ getUserMedia: refused, policyAllows: () => false }), AROUND);
    assert.equal(await failure({ getUserMedia: async () => Promise.reject(error("OddError")) }), "mic-failed");
    assert.equal(await failure({}), "opened");
  });
  it("tells when the agent changes the permission", async () => {
    const status = { state: "denied", onchange: null };
    const microphone = made({ permission: async () => status });
    let told = 0;
    microphone.onChange(() => (told += 1));
    await microphone.check(AROUND);
    status.onchange();
    assert.equal(told, 1);
  });
});

describe("the addresses of a call", () => {
  const gathered = (iceServers) => {
    const waits = [];
    return { waits, listen: enoughCandidates({ iceServers, after: (then, wait) => waits.push([then, wait]) }) };
  };

  it("are enough a moment after the first, for all that count come together", () => {
    const { waits, listen } = gathered([]);
    let done = 0;
    const ready = () => (done += 1);
    listen({ ready });
    listen({ ready });
    assert.deepEqual(waits.map(([, wait]) => wait), [HOSTS_WITHIN]);
    assert.equal(done, 0);
    waits[0][0]();
    assert.equal(done, 1);
    assert.ok(HOSTS_WITHIN <= 50, "a tenth of a second is what the browser's own end would take");
  });
  it("are waited for longer where servers are to be asked", () => {
    const { waits, listen } = gathered([{ urls: "stun:stun.example" }]);
    listen({ ready: () => undefined });
    assert.deepEqual(waits.map(([, wait]) => wait), [SERVERS_WITHIN]);
  });
  it("are gathered anew when the call is agreed on again", () => {
    const { waits, listen } = gathered([]);
    listen({ ready: () => undefined });
    listen({ ready: () => undefined });
    assert.equal(waits.length, 2);
  });
});

describe("what a call came to", () => {
  const outcome = (more) => provisionalOutcome({ answered: false, rang: false, cause: null, status: null, ...more });

  it("is answered once it was", () => assert.equal(outcome({ answered: true, cause: 17, status: 486 }), "ANSWERED"));
  for (const [cause, result] of [[17, "BUSY"], [18, "NO ANSWER"], [19, "NO ANSWER"], [20, "NO ANSWER"], [1, "FAILED"], [21, "FAILED"], [28, "FAILED"], [34, "FAILED"], [38, "FAILED"]]) {
    it(`is ${result} by cause ${cause}, whatever the status`, () => assert.equal(outcome({ cause, status: 500 }), result));
  }
  for (const [status, result] of [[486, "BUSY"], [600, "BUSY"], [408, "NO ANSWER"], [480, "NO ANSWER"], [487, "NO ANSWER"], [404, "FAILED"], [410, "FAILED"], [484, "FAILED"], [488, "FAILED"], [503, "FAILED"]]) {
    it(`is ${result} by status ${status}`, () => assert.equal(outcome({ status }), result));
  }
  it("of a declined call is BUSY only if it rang", () => {
    for (const status of [603, 403]) {
      assert.equal(outcome({ status, rang: true }), "BUSY");
      assert.equal(outcome({ status }), "FAILED");
    }
  });
  it("falls back to the status at a cause nobody listed", () => assert.equal(outcome({ cause: 127, status: 486 }), "BUSY"));

  for (const [headers, cause] of [
    [['Q.850;cause=17;text="User busy"'], 17], [['SIP;cause=200;text="Call completed elsewhere"', "Q.850 ;cause= 19"], 19],
    [['SIP ;cause=600 ;text="Busy", Q.850;cause=21'], 21], [["q.850;text=\"x\";cause=1"], 1], [["SIP;cause=486"], null], [[], null],
  ]) {
    it(`is read from ${JSON.stringify(headers)}`, () => assert.equal(q850Cause(headers), cause));
  }
});

describe("a voice path that died", () => {
  let time;
  let packets;
  let expected;
  let told;
  let watch;
  beforeEach(() => {
    time = new DrivenTime();
    packets = 0;
    expected = true;
    told = [];
    watch = createMediaWatch({
      now: time.now,
      packets: async () => packets,
      expected: () => expected,
      onSilent: (silent) => told.push(silent ? "silent" : "heard"),
      onDead: () => told.push("dead"),
    });
  });
  const seconds = async (count, each = () => undefined) => {
    for (let second = 0; second < count; second += 1) {
      time.move(1000);
      each();
      await watch.tick();
    }
  };

  it("is told, and ended when it stays so", async () => {
    packets = 100;
    await seconds(9);
    assert.deepEqual(told, ["silent"]);
    await seconds(40);
    assert.deepEqual(told, ["silent", "dead"]);
  });
  it("that comes back is told too", async () => {
    packets = 100;
    await seconds(10);
    await seconds(60, () => (packets += 1));
    assert.deepEqual(told, ["silent", "heard"]);
  });
  it("is one thing, and whether the other side was heard just now another", async () => {
    assert.equal(watch.heard(), false);
    expected = false;
    await seconds(3, () => (packets += 50));
    assert.equal(watch.heard(), true);
    await seconds(5);
    assert.equal(watch.heard(), false);
  });
  it("is no news while a call is held or not up", async () => {
    packets = 100;
    expected = false;
    await seconds(60);
    expected = true;
    await seconds(3);
    assert.deepEqual(told, []);
  });
});

describe("the socket of the SIP stack", () => {
  let tickets;
  let heard;
  let socket;
  beforeEach(() => {
    FakeSocket.made = [];
    tickets = ["one", "two"];
    heard = [];
    socket = createTicketSocket({
      url: "wss://connector.example/pane/sip",
      ticket: async () => {
        const next = tickets.shift();
        if (!next) throw new Error("refused");
        return next;
      },
      connect: (url, protocol) => new FakeSocket(url, protocol),
      readable: (data) => (data === "odd" ? "even" : data),
    });
    socket.onconnect = () => heard.push("connected");
    socket.ondisconnect = (error, code) => heard.push(["gone", error, code]);
    socket.ondata = (data) => heard.push(data);
  });

  it("asks for a fresh ticket at each connect", async () => {
    socket.connect();
    assert.equal(socket.isConnecting(), true);
    await settle();
    assert.equal(FakeSocket.last().url, "wss://connector.example/pane/sip?ticket=one");
    assert.equal(FakeSocket.last().protocols, "sip");
    FakeSocket.last().open();
    assert.equal(socket.isConnected(), true);
    FakeSocket.last().drop(1006);
    socket.connect();
    await settle();
    assert.equal(FakeSocket.last().url, "wss://connector.example/pane/sip?ticket=two");
    assert.deepEqual(heard, ["connected", ["gone", true, 1006]]);
  });
  it("counts a refused ticket as a failed connection, so that the stack tries again", async () => {
    tickets = [];
    socket.connect();
    await settle();
    assert.deepEqual(heard, [["gone", true, 0]]);
    assert.equal(socket.isConnecting(), false);
  });
  it("makes no connection once it was told to disconnect", async () => {
    socket.connect();
    socket.disconnect();
    await settle();
    assert.equal(FakeSocket.made.length, 0);
    assert.deepEqual(heard, []);
  });
  it("has the stack connect anew when it is told to, with a fresh ticket", async () => {
    socket.connect();
    await settle();
    FakeSocket.last().open();
    socket.reopen();
    assert.deepEqual(heard, ["connected", ["gone", false, 1000]]);
    assert.equal(FakeSocket.last().closed, true);
    socket.connect();
    await settle();
    assert.equal(FakeSocket.last().url, "wss://connector.example/pane/sip?ticket=two");
  });
  it("asks for another ticket when it is told to connect anew before it was connected", async () => {
    socket.connect();
    socket.reopen();
    await settle();
    assert.deepEqual(FakeSocket.made.map(({ url }) => url.split("=")[1]), ["two"]);
    assert.deepEqual(heard, []);
  });
  it("hands on what the stack is to read in place of what came", async () => {
    socket.connect();
    await settle();
    FakeSocket.last().open();
    FakeSocket.last().onmessage({ data: "odd" });
    FakeSocket.last().onmessage({ data: "same" });
    assert.deepEqual(heard, ["connected", "even", "same"]);
  });
  it("names its transport and address as SIP wants them", () => {
    assert.equal(socket.via_transport, "WSS");
    assert.equal(socket.sip_uri, "sip:connector.example;transport=ws");
    assert.equal(socket.send("x"), false);
  });
});
