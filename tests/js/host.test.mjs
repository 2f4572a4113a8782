/** The page around the pane, through Open CTI's bridge and through Canvas: whom the pane believes, and what it says. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createCanvas } from "../../static/pane/host/canvas.js";
import { createOpenCti } from "../../static/pane/host/open-cti.js";
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

describe("Open CTI as the pane's host", () => {
  /** @type {ReturnType<typeof frame>} */ let page;
  let heard;
  let host;
  beforeEach(() => {
    page = frame();
    heard = [];
    host = createOpenCti({
      ...page.wiring,
      language: "pl",
      onReady: (hello) => heard.push(["ready", hello]),
      onNumberClicked: (number, record) => heard.push(["clicked", number, record]),
    });
  });
  const click = { fcc: 1, id: "e1", type: "event", name: "clickToDial", payload: { number: "600 100 200", recordId: "003x", objectType: "Contact" } };
  const hello = { fcc: 1, id: "p1", type: "hello", version: "1.0.0", cti: true, mic: { allow: "microphone", delegated: true, outer: null } };
  const calls = () => page.sent.map(({ message }) => message).filter(({ type }) => type === "call").map(({ method, args }) => [method, args]);

  it("speaks to the one origin it was given", () => {
    host.start();
    void host.makeNumbersClickable(true);
    assert.ok(page.sent.length >= 2);
    assert.ok(page.sent.every(({ origin, message }) => origin === ORIGIN && message.fcc === 1));
  });

  it("says what the pane asks for in Salesforce's words", () => {
    for (const asked of [host.openRecord("003x"), host.showPhone(), host.makeNumbersClickable(true), host.makeNumbersClickable(false), host.showRinging(true), host.showRinging(false)]) {
      asked.catch(() => undefined);
    }
    assert.deepEqual(calls(), [
      ["screenPop", { type: "sobject", params: { recordId: "003x" } }], ["setSoftphonePanelVisibility", { visible: true }], ["enableClickToDial", {}],
      ["disableClickToDial", {}], ["setSoftphoneItemIcon", { key: "incoming_call" }], ["setSoftphoneItemIcon", { key: "call" }],
    ]);
  });

  it("believes its parent under that origin", () => {
    page.say(click);
    assert.deepEqual(heard, [["clicked", "600 100 200", { recordId: "003x", objectType: "Contact", recordName: "" }]]);
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
    const empty = { fcc: 1, type: "event", name: "clickToDial", payload: null };
    for (const data of ["text", null, 1, {}, { fcc: 2, type: "hello" }, { fcc: 1 }, empty, { ...click, name: "navigation" }]) page.say(data);
    assert.deepEqual(heard, []);
  });

  it("takes a number as text, whatever it came as", () => {
    page.say({ ...click, payload: { number: 600100200 } });
    assert.deepEqual(heard, [["clicked", "600100200", null]]);
  });

  it("keeps of a clicked record what the server may hear, a person account's ids among it", () => {
    const record = { recordId: "001x", objectType: "Account", recordName: "Ewa Nowa", contactId: "003y", personAccount: true };
    page.say({ ...click, payload: { ...record, number: "1", accountId: "", params: "", url: "/001x" } });
    assert.deepEqual(heard, [["clicked", "1", record]]);
  });

  it("knocks until it is answered, and says then that the phone has started", () => {
    host.start();
    page.time.move(1600);
    const knocks = page.sent.length;
    assert.equal(knocks, 4);
    page.say(hello);
    page.time.move(5000);
    assert.equal(page.sent.length, knocks + 1);
    assert.deepEqual(calls(), [["notifyInitializationComplete", {}]]);
    assert.deepEqual(heard, [["ready", { problem: null }]]);
  });

  it("says what is missing where Open CTI did not start, and asks it nothing", () => {
    page.say({ ...hello, cti: false, mic: null });
    assert.deepEqual(heard, [["ready", { problem: "cti-missing" }]]);
    assert.deepEqual(calls(), []);
  });

  it("names what withholds the microphone: the frame around the pane, unless the page said that it has none itself", () => {
    assert.equal(host.withholder(), "mic-bridge-frame");
    for (const [mic, code] of [
      [{ allow: "microphone https://c", delegated: false, outer: false }, "mic-salesforce-frame"],
      [{ allow: "", delegated: false, outer: true }, "mic-bridge-frame"],
      [{ allow: "", delegated: null, outer: null }, "mic-bridge-frame"],
      [null, "mic-bridge-frame"],
    ]) {
      page.say({ ...hello, mic });
      assert.equal(host.withholder(), code);
    }
  });

  it("has words of its own for its codes, and for no other", () => {
    assert.match(host.sentence("cti-missing"), /Open CTI nie wystartowało/);
    for (const code of ["mic-denied", "toString", ""]) assert.equal(host.sentence(code), null);
    assert.match(createOpenCti({ ...page.wiring, language: "de" }).sentence("cti-missing"), /did not start/);
  });

  it("gives a call's result to the one who called", async () => {
    const one = host.showPhone();
    const other = host.openRecord("003x");
    const [first, second] = page.sent.map(({ message }) => message);
    page.say({ fcc: 1, id: second.id, type: "result", success: false, returnValue: null, errors: [{ code: "GENERIC_ERROR" }] });
    page.say({ fcc: 1, id: first.id, type: "result", success: true, returnValue: { visible: true }, errors: null });
    await one;
    await assert.rejects(other, { method: "screenPop", errors: [{ code: "GENERIC_ERROR" }] });
  });

  it("does not wait for ever", async () => {
    const call = host.openRecord("003x");
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

  it("is renewed when four fifths of its time are over", async () => {
    const time = new DrivenTime(0);
    let renewed = 0;
    const session = createSession({
      token: tokenUntil(1000),
      now: time.now,
      renew: async () => {
        renewed += 1;
        return { session: "next", expiresIn: 1000 };
      },
      onRenewal: () => undefined,
    });
    time.move(799_000);
    session.tick();
    assert.equal(renewed, 0);
    time.move(2000);
    session.tick();
    session.tick();
    await settle();
    assert.equal(renewed, 1);
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
      renew: async () => {
        tries += 1;
        throw new Error("offline");
      },
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
