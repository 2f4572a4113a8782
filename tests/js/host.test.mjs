/** The pane's side of the bridge and of Canvas: whom it believes, and what it says. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createBridge } from "../../static/pane/host/bridge.js";
import { createCanvas } from "../../static/pane/host/canvas.js";
import { createSession, expiryOf } from "../../static/pane/session.js";
import { DrivenTime, settle } from "./support.mjs";

const ORIGIN = "https://acme--c.vf.force.com";

/** A parent window that keeps what it is sent, and the pane's own ears. */
function frame() {
  const time = new DrivenTime();
  const sent = [];
  const parent = { postMessage: (message, origin) => sent.push({ message, origin }) };
  const listeners = [];
  const say = (data, { source = parent, origin = ORIGIN } = {}) => listeners.forEach((listener) => listener({ data, source, origin }));
  return { time, sent, parent, say, wiring: { parent, origin: ORIGIN, listen: (listener) => listeners.push(listener), after: time.after } };
}

describe("the bridge", () => {
  /** @type {ReturnType<typeof frame>} */ let page;
  let heard;
  let bridge;
  beforeEach(() => {
    page = frame();
    heard = [];
    bridge = createBridge({
      ...page.wiring,
      onHello: (hello) => heard.push(["hello", hello]),
      onClickToDial: (payload) => heard.push(["clickToDial", payload]),
      onNavigation: (payload) => heard.push(["navigation", payload]),
    });
  });
  const click = { fcc: 1, id: "e1", type: "event", name: "clickToDial", payload: { number: "600 100 200", recordId: "003x" } };

  it("speaks to the one origin it was given", () => {
    bridge.ready();
    void bridge.call("enableClickToDial");
    assert.ok(page.sent.length >= 2);
    assert.ok(page.sent.every(({ origin, message }) => origin === ORIGIN && message.fcc === 1));
  });

  it("believes its parent under that origin", () => {
    page.say(click);
    assert.equal(heard[0][1].number, "600 100 200");
  });

  it("does not believe another window", () => {
    page.say(click, { source: {} });
    assert.deepEqual(heard, []);
  });

  it("does not believe its parent under another origin", () => {
    for (const origin of ["https://evil.example", "https://acme--c.vf.force.com.evil.example", "null", ""]) page.say(click, { origin });
    assert.deepEqual(heard, []);
  });

  it("leaves alone what is not a message of the bridge", () => {
    for (const data of ["text", null, 1, {}, { fcc: 2, type: "hello" }, { fcc: 1 }, { fcc: 1, type: "event", name: "clickToDial", payload: null }]) page.say(data);
    assert.deepEqual(heard, []);
  });

  it("takes a number as text, whatever it came as", () => {
    page.say({ ...click, payload: { number: 600100200 } });
    assert.equal(heard[0][1].number, "600100200");
  });

  it("knocks until it is answered", () => {
    bridge.ready();
    page.time.move(1600);
    const knocks = page.sent.length;
    assert.equal(knocks, 4);
    page.say({ fcc: 1, id: "p1", type: "hello", version: "1.0.0", cti: true, mic: { allow: "microphone", delegated: true, outer: null } });
    page.time.move(5000);
    assert.equal(page.sent.length, knocks);
    assert.deepEqual(heard[0], ["hello", { version: "1.0.0", cti: true, mic: { allow: "microphone", delegated: true, outer: null } }]);
  });

  it("gives a call's result to the one who called", async () => {
    const one = bridge.call("getAppViewInfo");
    const other = bridge.call("screenPop", { type: "sobject", params: { recordId: "003x" } });
    const [first, second] = page.sent.map(({ message }) => message);
    assert.deepEqual([second.method, second.args], ["screenPop", { type: "sobject", params: { recordId: "003x" } }]);
    page.say({ fcc: 1, id: second.id, type: "result", success: false, returnValue: null, errors: [{ code: "GENERIC_ERROR" }] });
    page.say({ fcc: 1, id: first.id, type: "result", success: true, returnValue: { recordId: "003x" }, errors: null });
    assert.deepEqual(await one, { recordId: "003x" });
    await assert.rejects(other, { method: "screenPop" });
  });

  it("does not wait for ever", async () => {
    const call = bridge.call("refreshView");
    call.catch(() => undefined);
    page.time.move(30_000);
    await assert.rejects(call, { errors: "no-answer" });
  });
});

describe("Canvas", () => {
  /** @type {ReturnType<typeof frame>} */ let page;
  let canvas;
  beforeEach(() => {
    page = frame();
    canvas = createCanvas({ ...page.wiring, frameName: "canvas-frame-_:FCC_WebPhone:09Hx" });
  });
  const lastMessage = () => JSON.parse(page.sent.at(-1).message);

  it("asks for a signed request as Canvas expects it: a JSON string naming this frame", () => {
    void canvas.refreshSignedRequest();
    const message = lastMessage();
    assert.equal(page.sent[0].origin, ORIGIN);
    assert.equal(message.targetModule, "Canvas");
    assert.equal(message.body.type, "refresh");
    assert.equal(message.body.config.client.instanceId, "_:FCC_WebPhone:09Hx");
  });

  it("gives the signed request that answers its number", async () => {
    const answer = canvas.refreshSignedRequest();
    page.say(JSON.stringify({ type: "callback", seq: lastMessage().seq + 1, payload: { response: "wrong.one" } }));
    page.say(JSON.stringify({ type: "callback", seq: lastMessage().seq, payload: { response: "sig.payload" } }));
    assert.equal(await answer, "sig.payload");
  });

  it("does not believe another window or origin", async () => {
    const answer = canvas.refreshSignedRequest();
    answer.catch(() => undefined);
    const text = JSON.stringify({ type: "callback", seq: lastMessage().seq, payload: { response: "sig.payload" } });
    page.say(text, { source: {} });
    page.say(text, { origin: "https://evil.example" });
    page.time.move(20_000);
    await assert.rejects(answer, /did not answer/);
  });

  it("says so when Canvas refuses", async () => {
    const answer = canvas.refreshSignedRequest();
    page.say("not json");
    page.say(JSON.stringify({ type: "callback", seq: lastMessage().seq, status: 403, payload: "user approval required" }));
    await assert.rejects(answer, /403/);
  });

  it("has itself signed in anew", () => {
    canvas.repost();
    assert.equal(lastMessage().body.type, "repost");
    assert.equal(lastMessage().body.refresh, true);
  });
});

describe("the session", () => {
  const tokenUntil = (seconds) => `h.${Buffer.from(JSON.stringify({ exp: seconds })).toString("base64url")}.s`;

  it("reads when its token ends, and does not stumble over another", () => {
    assert.equal(expiryOf(tokenUntil(1000)), 1_000_000);
    assert.equal(expiryOf("no token"), null);
  });

  it("is renewed through Canvas when four fifths of its time are over", async () => {
    const time = new DrivenTime(0);
    const renewed = [];
    const session = createSession({
      token: tokenUntil(1000),
      now: time.now,
      signedRequest: async () => "fresh.request",
      renew: async (signedRequest) => {
        renewed.push(signedRequest);
        return { session: "next", expiresIn: 1000 };
      },
      onRenewal: () => undefined,
    });
    time.move(799_000);
    session.tick();
    assert.deepEqual(renewed, []);
    time.move(2000);
    session.tick();
    session.tick();
    await settle();
    assert.deepEqual(renewed, ["fresh.request"]);
    assert.equal(session.token(), "next");
    time.move(600_000);
    assert.equal(session.expired(), false);
  });

  it("tries again half a minute after a failure, and knows when it is over", async () => {
    const time = new DrivenTime(0);
    const told = [];
    let tries = 0;
    const session = createSession({
      token: tokenUntil(1000),
      now: time.now,
      signedRequest: async () => {
        tries += 1;
        throw new Error("offline");
      },
      renew: async () => ({ session: "never", expiresIn: 1 }),
      onRenewal: (failed) => told.push(failed),
    });
    time.move(800_000);
    session.tick();
    await settle();
    session.tick();
    await settle();
    assert.equal(tries, 1);
    time.move(30_000);
    session.tick();
    await settle();
    assert.equal(tries, 2);
    assert.deepEqual(told, [true, true]);
    time.move(200_000);
    assert.equal(session.expired(), true);
  });
});
