/** The SIP phone's calls, from its first word to its last; JsSIP is the real one. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { MicrophoneError } from "../../static/pane/phone/microphone.js";
import { answer, connectedPhone, header, SDP, settle } from "./sip.mjs";
import { FakeSocket } from "./support.mjs";

describe("the SIP phone", () => {
  let bench;
  beforeEach(async () => {
    bench = await connectedPhone();
    await bench.registers();
    assert.equal(bench.phases.at(-1), "registered");
  });
  afterEach(() => bench.done());

  const call = () => bench.calls.at(-1);
  const kinds = () => bench.reports.map((report) => report.kind);
  const ends = (request) => bench.hears(answer(request, "200 OK", { to: header(request, "To") }));
  /** What the phone answered FCC, newest last. */
  const answered = () => FakeSocket.last().sent.filter((text) => text.startsWith("SIP/2.0 ")).map((text) => `${text.split(" ")[1]} to ${header(text, "CSeq")} of ${header(text, "Call-ID")}`);
  const rings = async () => {
    await bench.isAsked("INVITE");
    assert.equal(call().state, "ringing");
  };
  const talks = async () => {
    await rings();
    await bench.answers();
  };

  it("names a call out by its dialog and its dial, in each report", async () => {
    const yes = await bench.dials();
    assert.equal(bench.calls[0].sipCallId, header(yes, "Call-ID"));
    assert.deepEqual([...new Set(bench.calls.map(({ id, sipCallId }) => `${id} ${sipCallId}`))].length, 1);
    await bench.hears(answer(bench.said("INVITE")[0], "180 Ringing"));
    await bench.hears(yes);
    bench.phone.hangUp();
    await settle();
    await ends(bench.said("BYE")[0]);
    assert.deepEqual(kinds(), ["dialled", "ringing", "answered", "ended"]);
    assert.ok(bench.reports.every(({ sipCallId, dialId, direction, number }) => sipCallId === header(yes, "Call-ID") && dialId === "d1" && direction === "outbound" && number === "+48600100200"));
    assert.deepEqual([call().state, call().outcome, call().by, bench.released], ["ended", "ANSWERED", "agent", 1]);
  });

  it("tells what a call came to that nobody took", async () => {
    await bench.dials();
    const [invite] = bench.said("INVITE");
    await bench.hears(answer(invite, "180 Ringing"));
    await bench.hears(answer(invite, "486 Busy Here").replace("Content-Length", "Reason: Q.850;cause=17\r\nContent-Length"));
    assert.deepEqual([call().outcome, call().by], ["BUSY", "far"]);
    const { kind, sipStatus, cause, by } = bench.reports.at(-1);
    assert.deepEqual({ kind, sipStatus, cause, by }, { kind: "ended", sipStatus: 486, cause: "17", by: "far" });
  });

  // assumed A85
  const NUMBER = "+48600100200";
  for (const [from, number, name] of [
    [`"Jan Kowalski" <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Jan Kowalski"],
    [`Jan K. <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Jan K."],
    [`Łukasz Żak <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Łukasz Żak"],
    [`Kowalski, Jan <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Kowalski, Jan"],
    [`Firma: Łódź (S.A.) <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Firma: Łódź (S.A.)"],
    [`"Jan "Kowalski"" <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Jan Kowalski"],
    [`"Jan\\" <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "Jan"],
    [`J\ufffdz <sip:${NUMBER}@acme.fcc.example>`, NUMBER, "J\ufffdz"],
    [`<tel:${NUMBER};phone-context=x>`, NUMBER, null],
    ["<sip:600 100 200@acme.fcc.example>", "600 100 200", null],
    [`<sip:${NUMBER};cpc=ordinary@acme.fcc.example;user=phone>`, NUMBER, null],
    ["Wałęsa <sip:%B3@acme.fcc.example>", "%B3", "Wałęsa"],
    [`<sip:${"a".repeat(90)}@acme.fcc.example>`, "a".repeat(80), null],
    ["<sip:anonymous@anonymous.invalid>", "anonymous", null],
    ["<sip:caller17@anonymous.invalid>", "anonymous", null],
    ["numer zastrzeżony <sip:anonymous@acme.fcc.example>", "anonymous", "numer zastrzeżony"],
  ]) {
    it(`rings and is answered, whoever calls as ${from}`, async () => {
      await bench.isAsked("INVITE", { from });
      assert.deepEqual([call()?.state, call()?.number, call()?.name], ["ringing", number, name]);
      await bench.answers();
      assert.deepEqual(answered().slice(-1), ["200 to 7 INVITE of in1"]);
      assert.match(FakeSocket.last().sent.findLast((text) => text.startsWith("SIP/2.0 200")), /^From: .*;tag=fcc1\r$/m);
    });
  }

  it("rings when it is called by a name that cannot be read", async () => {
    await bench.isAsked("INVITE", { to: "Żak, Anna <sip:40312@acme.fcc.example>" });
    assert.equal(call()?.state, "ringing");
  });

  it("rings when the way back goes over names that cannot be read", async () => {
    await bench.isAsked("INVITE", { remote: "sip:%B3@192.0.2.9", headers: ["Record-Route: <sip:%B3@edge.fcc.example;lr>"] });
    assert.equal(call()?.state, "ringing");
  });

  for (const [written, encode] of [
    ["UTF-8", (text) => new TextEncoder().encode(text).buffer],
    ["the encoding of old Polish programs", (text) => Uint8Array.from(text, (letter) => ({ "Ł": 0xa3, "Ż": 0xaf, "ą": 0xb9 })[letter] ?? letter.charCodeAt(0)).buffer],
  ]) {
    it(`reads a name that comes as bytes, in ${written}`, async () => {
      await bench.isAsked("INVITE", { from: `Łukasz Żak-Sąd <sip:${NUMBER}@acme.fcc.example>`, encode });
      assert.deepEqual([call()?.state, call()?.name], ["ringing", "Łukasz Żak-Sąd"]);
    });
  }

  it("lets the microphone go when the call is not made after all", async () => {
    bench.phone.prepare().abandon();
    await settle();
    assert.deepEqual([bench.released, bench.said("INVITE")], [1, []]);
  });

  it("makes no call without a microphone, and says so", async () => {
    bench.microphone = async () => {
      throw new MicrophoneError("mic-busy");
    };
    await bench.phone.prepare().call({ number: "+48600100200", dialId: "d1", record: null });
    assert.deepEqual([bench.problems, bench.said("INVITE")], [["mic-busy"], []]);
  });

  it("is busy for a second call, in a call and while one is being made", async () => {
    const making = bench.phone.prepare().call({ number: "+48600100200", dialId: "d1", record: null });
    const asked = bench.isAsked("INVITE", { callId: "other" });
    await Promise.all([making, asked]);
    assert.deepEqual(answered(), ["100 to 7 INVITE of other", "486 to 7 INVITE of other"]);
    await bench.passes(500);
    await bench.hears(answer(bench.said("INVITE")[0], "200 OK", { body: SDP }));
    await bench.isAsked("INVITE", { callId: "third" });
    assert.equal(answered().at(-1), "486 to 7 INVITE of third");
    assert.equal(call().state, "talking");
  });

  it("answers, and rejects as busy", async () => {
    await talks();
    bench.phone.hangUp();
    await ends(bench.said("BYE")[0]);
    await bench.isAsked("INVITE", { callId: "in2" });
    bench.phone.reject();
    await settle();
    assert.equal(answered().at(-1), "486 to 7 INVITE of in2");
    assert.deepEqual(kinds(), ["ringing", "answered", "ended", "ringing", "ended"]);
  });

  it("hands a ring on when it is given up, so that it rings elsewhere, and signs off", async () => {
    await rings();
    bench.phone.stop();
    await bench.passes(1000);
    assert.equal(answered().at(-1), "480 to 7 INVITE of in1");
    assert.equal(header(bench.said("REGISTER").at(-1), "Expires"), "0");
    await bench.isAsked("INVITE", { callId: "late" });
    assert.equal(answered().at(-1), "480 to 7 INVITE of late");
    await bench.passes(1500);
    await bench.passes(2000);
    assert.equal(bench.phone.started(), false);
    assert.equal(FakeSocket.last().closed, true);
  });

  it("keeps a call that is up when it is given up, until that ends", async () => {
    await talks();
    bench.phone.stop();
    await bench.passes(5000);
    assert.deepEqual([call().state, FakeSocket.last().closed], ["talking", false]);
    bench.phone.hangUp();
    await bench.passes(1500);
    await bench.passes(2000);
    assert.deepEqual([call().state, bench.said("BYE").length, FakeSocket.last().closed], ["ended", 1, true]);
  });

  it("ends a ring whose socket is gone, and is free when FCC offers the call again", async () => {
    await rings();
    await bench.drops();
    assert.deepEqual([call().state, kinds()], ["ended", ["ringing", "ended"]]);
    await bench.connectsAgain();
    await settle();
    await bench.isAsked("INVITE", { callId: "again" });
    assert.deepEqual([call().sipCallId, call().state], ["again", "ringing"]);
  });

  it("is over at once when the agent hangs up while FCC can't be told, and tells FCC later", async () => {
    await talks();
    await bench.drops();
    bench.phone.hangUp();
    assert.deepEqual([call().state, call().by, bench.released], ["ended", "agent", 1]);
    await bench.connectsAgain();
    assert.deepEqual(bench.said("BYE").map((text) => header(text, "Call-ID")), ["in1"]);
  });

  it("carries no transfer out", async () => {
    await talks();
    const to = header(FakeSocket.last().sent.find((text) => text.startsWith("SIP/2.0 200")), "To");
    await bench.isAsked("REFER", { number: 8, to, body: "", headers: ["Refer-To: <sip:+48600100999@acme.fcc.example>"] });
    assert.equal(answered().at(-1), "603 to 8 REFER of in1");
    assert.equal(call().state, "talking");
  });
});

// assumed A84
describe("the SIP phone, asked who it is", () => {
  const asks = (...algorithms) => {
    const request = bench.said("REGISTER").at(-1);
    const challenges = algorithms.map((each) => `WWW-Authenticate: Digest realm="fcc", nonce="n", qop="auth"${each ? `, algorithm=${each}` : ""}\r\n`);
    return bench.hears(answer(request, "401 Unauthorized").replace("Content-Length", `${challenges.join("")}Content-Length`));
  };
  let bench;
  beforeEach(async () => {
    bench = await connectedPhone();
  });
  afterEach(() => bench.done());

  for (const offered of [["MD5"], [""], ["md5"], ["SHA-256", "MD5"], ["MD5", "SHA-256"], ["SHA-512-256", "SHA-256", ""], ["MD5-sess", "MD5"], ["SHA-256", '"MD5"']]) {
    it(`answers with MD5 where FCC offers ${offered.join(", ") || "nothing by name"}`, async () => {
      await asks(...offered);
      assert.match(header(bench.said("REGISTER").at(-1), "Authorization"), /^Digest algorithm=MD5, username="40312", realm="fcc"/);
    });
  }

  it("says that it was refused where MD5 is not offered", async () => {
    await asks("SHA-256");
    assert.equal(bench.phases.at(-1), "failed");
  });
});
