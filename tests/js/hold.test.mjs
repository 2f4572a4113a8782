/** Hold, resume and digits, with a session that keeps what it was asked; the test plays FCC. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { createDialog, readable } from "../../static/pane/phone/dialog.js";
import { createDigits } from "../../static/pane/phone/digits.js";
import { createHold } from "../../static/pane/phone/hold.js";
import { DrivenTime, settle } from "./support.mjs";

const response = (status_code, { sdp = "", headers = {}, cseq = 1 } = {}) => ({
  status_code, cseq, body: sdp, getHeader: (name) => ({ ...(sdp ? { "Content-Type": "application/sdp" } : {}), ...headers })[name],
});

/** A peer connection of one audio line that only notes what is done to it. */
function fakeConnection() {
  const transceiver = { direction: "sendrecv", receiver: { track: { kind: "audio" } } };
  return {
    signalingState: "stable",
    done: [],
    transceiver,
    getTransceivers: () => [transceiver],
    async createOffer() {
      return { type: "offer", sdp: `offer ${transceiver.direction}` };
    },
    async setLocalDescription({ type, sdp }) {
      this.done.push(sdp ?? type);
      this.signalingState = type === "offer" ? "have-local-offer" : "stable";
    },
    async setRemoteDescription({ sdp }) {
      if (sdp === "nonsense") throw new Error("no answer to this offer");
      this.done.push(sdp);
      this.signalingState = "stable";
    },
  };
}

function bench({ ours = true, random = 0.5 } = {}) {
  const time = new DrivenTime();
  const made = {
    time, sent: [], changes: [], problems: [], gone: 0, heard: true, connected: true, ended: false, ready: true,
    connection: fakeConnection(),
    last: (method = "INVITE") => made.sent.findLast((request) => request.method === method),
    count: (method = "INVITE") => made.sent.filter((request) => request.method === method).length,
    async answer(status, more) {
      const { eventHandlers } = made.last();
      if (status < 300) eventHandlers.onSuccessResponse(response(status, more));
      else if (status === 408 || status === 481) eventHandlers.onDialogError(response(status, more));
      else eventHandlers.onErrorResponse(response(status, more));
      await settle();
    },
  };
  const session = {
    C: { STATUS_CONFIRMED: 9 },
    status: 9,
    contact: "<sip:me@x.invalid>",
    connection: made.connection,
    isEnded: () => made.ended,
    isReadyToReOffer: () => made.ready,
    sendRequest: (method, options = {}) => made.sent.push({ method, ...options }),
  };
  const { ask } = createDialog(session, { after: time.after, connected: () => made.connected });
  made.ask = ask;
  made.session = session;
  made.hold = createHold({
    session, ours, ask, random: () => random, after: time.after, heard: () => made.heard,
    onChange: (held, wanted) => made.changes.push([held, wanted]),
    onProblem: (code) => made.problems.push(code),
    onGone: () => (made.gone += 1),
  });
  return made;
}

describe("hold", () => {
  let call;
  beforeEach(() => (call = bench()));
  const want = async (held) => {
    call.hold.want(held);
    await settle();
  };

  it("is offered as sendonly, acknowledged, and true only when FCC agreed", async () => {
    await want(true);
    assert.equal(call.last().body, "offer sendonly");
    assert.deepEqual(call.changes, [[false, true]]);
    await call.answer(200, { sdp: "answer" });
    assert.equal(call.count("ACK"), 1);
    assert.deepEqual(call.changes.at(-1), [true, true]);
    await want(false);
    assert.equal(call.last().body, "offer sendrecv");
    await call.answer(200, { sdp: "answer", cseq: 2 });
    assert.deepEqual(call.changes.at(-1), [false, false]);
    assert.deepEqual(call.problems, []);
  });

  for (const status of [403, 404, 486, 488, 500, 503, 603]) {
    it(`refused with ${status} leaves the call as it was, without touching its sound`, async () => {
      await want(true);
      await call.answer(status);
      assert.deepEqual([call.changes.at(-1), call.problems, call.gone], [[false, false], ["hold-refused"], 0]);
      assert.deepEqual([call.connection.done, call.connection.transceiver.direction], [[], "sendrecv"]);
      await want(true);
      await call.answer(200, { sdp: "answer" });
      assert.deepEqual(call.changes.at(-1), [true, true]);
    });
  }

  it("stays when FCC refuses to take the call back", async () => {
    await want(true);
    await call.answer(200, { sdp: "answer" });
    await want(false);
    await call.answer(500);
    assert.deepEqual([call.changes.at(-1), call.problems, call.connection.transceiver.direction], [[true, true], ["resume-refused"], "sendonly"]);
  });

  for (const status of [408, 481]) {
    it(`answered ${status} ends the call, unless the other side is still heard`, async () => {
      await want(true);
      await call.answer(status);
      assert.deepEqual([call.gone, call.problems], [0, ["hold-refused"]]);
      call.heard = false;
      await want(true);
      await call.answer(status);
      assert.equal(call.gone, 1);
    });
  }

  for (const [ours, random, from, to] of [[true, 0, 2100, 2100], [true, 1, 4000, 4000], [false, 0, 0, 0], [false, 1, 2000, 2000]]) {
    it(`that meets an offer of FCC's is offered again after ${to} ms where the call is ${ours ? "ours" : "theirs"} and chance says ${random}`, async () => {
      call = bench({ ours, random });
      await want(true);
      await call.answer(491);
      if (from > 0) {
        call.time.move(from - 1);
        await settle();
        assert.equal(call.count(), 1);
      }
      call.time.move(1);
      await settle();
      assert.equal(call.count(), 2);
      await call.answer(200, { sdp: "answer" });
      assert.deepEqual([call.changes.at(-1), call.problems], [[true, true], []]);
    });
  }

  it("is given up when FCC has an offer of its own again and again", async () => {
    await want(true);
    for (let round = 0; round < 6; round += 1) {
      await call.answer(491);
      call.time.move(5000);
      await settle();
    }
    assert.deepEqual([call.count(), call.problems], [6, ["hold-not-now"]]);
  });

  it("waits until another change of the session is agreed on, and then says so", async () => {
    call.ready = false;
    await want(true);
    for (let step = 0; step < 10; step += 1) {
      call.time.move(80);
      await settle();
    }
    assert.equal(call.count(), 0);
    call.ready = true;
    call.time.move(80);
    await settle();
    assert.equal(call.count(), 1);
    await call.answer(200, { sdp: "answer" });
    call.session.status = 6;
    await want(false);
    for (let step = 0; step < 45; step += 1) {
      call.time.move(80);
      await settle();
    }
    assert.deepEqual([call.problems, call.changes.at(-1)], [["resume-not-now"], [true, true]]);
  });

  it("without an answer keeps the call, and is told to FCC again when the way is open", async () => {
    await want(true);
    call.last().eventHandlers.onTransportError();
    await settle();
    assert.deepEqual([call.problems, call.changes.at(-1)], [["hold-no-answer"], [false, false]]);
    call.hold.resume();
    await settle();
    assert.deepEqual([call.count(), call.last().body], [2, "offer sendrecv"]);
    await call.answer(200, { sdp: "answer" });
    call.hold.resume();
    await settle();
    assert.equal(call.count(), 2);
  });

  it("is not offered while there is no connection", async () => {
    call.connected = false;
    await want(true);
    assert.deepEqual([call.count(), call.problems], [0, ["hold-no-answer"]]);
    call.hold.resume();
    await settle();
    assert.equal(call.count(), 0);
  });

  it("gives up an answer that does not come, and answers one that comes late with how things stand", async () => {
    await want(true);
    call.time.move(34_000);
    await settle();
    assert.deepEqual(call.problems, ["hold-no-answer"]);
    await call.answer(200, { sdp: "answer" });
    assert.deepEqual([call.count("ACK"), call.count(), call.last().body], [1, 2, "offer sendrecv"]);
  });

  it("acknowledges an answer as often as it comes, and takes it once", async () => {
    await want(true);
    await call.answer(200, { sdp: "answer" });
    await call.answer(200, { sdp: "answer" });
    assert.deepEqual([call.count("ACK"), call.count()], [2, 1]);
  });

  it("is refused where FCC agrees without a description, or with one that does not fit", async () => {
    for (const sdp of ["", "nonsense"]) {
      call = bench();
      await want(true);
      await call.answer(200, { sdp });
      assert.deepEqual([call.problems, call.changes.at(-1)], [["hold-refused"], [false, false]]);
      assert.equal(call.connection.signalingState, "stable");
    }
  });

  it("follows an agent who changes her mind while FCC thinks", async () => {
    await want(true);
    await want(false);
    await call.answer(200, { sdp: "answer" });
    assert.equal(call.last().body, "offer sendrecv");
    await call.answer(200, { sdp: "answer", cseq: 2 });
    assert.deepEqual([call.changes.at(-1), call.problems], [[false, false], []]);
  });

  it("refuses FCC's offer while its own is out, and only then", async () => {
    const refused = [];
    const offer = { request: { method: "INVITE", body: "sdp" }, reject: ({ status_code }) => refused.push(status_code) };
    call.hold.offered(offer);
    await want(true);
    call.hold.offered(offer);
    call.hold.offered({ ...offer, request: { method: "UPDATE", body: "sdp" } });
    call.hold.offered({ ...offer, request: { method: "UPDATE", body: "" } });
    await call.answer(200, { sdp: "answer" });
    call.hold.offered(offer);
    assert.deepEqual(refused, [491, 491]);
  });

  it("is nothing to a call that has ended", async () => {
    await want(true);
    call.ended = true;
    await call.answer(200, { sdp: "answer" });
    assert.deepEqual([call.count("ACK"), call.changes], [0, [[false, true]]]);
  });
});

describe("what the SIP stack reads", () => {
  const message = (first, cseq) => `${first}\r\nVia: SIP/2.0/WS x;branch=z\r\nCSeq: ${cseq}\r\nContent-Length: 0\r\n\r\n`;

  it("shows it a pending request as another refusal, with the true status beside it", () => {
    assert.equal(readable(message("SIP/2.0 491 Request Pending", "7 INVITE")), message("SIP/2.0 500 Request Pending\r\nX-Was: 491", "7 INVITE"));
  });
  for (const text of [message("SIP/2.0 200 OK", "7 INVITE"), message("SIP/2.0 491 Request Pending", "7 UPDATE"), message("INVITE sip:x SIP/2.0", "7 INVITE"), "\r\n\r\n"]) {
    it(`leaves ${JSON.stringify(text.slice(0, 28))} as it came`, () => assert.equal(readable(text), text));
  }
  it("leaves what is no text as it came", () => {
    const bytes = new ArrayBuffer(2);
    assert.equal(readable(bytes), bytes);
  });
});

describe("digits", () => {
  let call;
  let failed;
  let press;
  beforeEach(() => {
    call = bench();
    failed = 0;
    press = createDigits({ ask: call.ask, after: call.time.after, onFailed: () => (failed += 1) });
  });

  it("go one after another, each with its length", async () => {
    for (const digit of "12#") press(digit);
    assert.deepEqual(call.sent.map(({ method, body }) => [method, body]), [["INFO", "Signal=1\r\nDuration=160"]]);
    call.time.move(230);
    call.time.move(230);
    assert.deepEqual(call.sent.map(({ body }) => body.slice(7, 8)), ["1", "2", "#"]);
    call.time.move(230);
    press("0");
    assert.equal(call.count("INFO"), 4);
  });
  it("stop at one that FCC does not take, and the call goes on", async () => {
    for (const digit of "12") press(digit);
    call.last("INFO").eventHandlers.onDialogError(response(481));
    await settle();
    call.time.move(1000);
    assert.deepEqual([call.count("INFO"), failed], [1, 1]);
  });
  it("are not sent without a connection", async () => {
    call.connected = false;
    press("1");
    await settle();
    assert.deepEqual([call.count("INFO"), failed], [0, 1]);
  });
});
