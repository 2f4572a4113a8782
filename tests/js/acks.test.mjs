/** The ACKs of a call whose connection breaks: the pane's phone with JsSIP itself in it; the test plays the socket and FCC. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { FakeSocket } from "./support.mjs";

const SDP = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.1\r\na=sendrecv\r\n";
const FCC = "sip:fcc@acme.fcc.example;transport=ws";

/** A peer connection that agrees to everything. */
class Peer extends EventTarget {
  iceGatheringState = "complete";
  iceConnectionState = "connected";
  connectionState = "connected";
  signalingState = "stable";
  localDescription = null;
  transceiver = { direction: "sendrecv", receiver: { track: { kind: "audio" } } };
  getTransceivers = () => [this.transceiver];
  getSenders = () => [];
  addTrack = () => undefined;
  getStats = async () => new Map();
  createOffer = async () => ({ type: "offer", sdp: SDP });
  createAnswer = async () => ({ type: "answer", sdp: SDP });
  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
  }
  async setRemoteDescription(description) {
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
  }
  close() {
    this.signalingState = "closed";
  }
}

const settle = async () => {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((done) => setImmediate(done));
};
const header = (text, name) => new RegExp(`^${name}: (.*?)\\r$`, "im").exec(text)?.[1] ?? "";
const number = (text) => Number(header(text, "CSeq").split(" ")[0]);
const tag = (text, name) => /;tag=([^;]+)/.exec(header(text, name))?.[1];

/** What FCC says to a request; the `to` of a dialog has FCC's tag. */
const answer = (request, status, { body = "", to = `${header(request, "To").split(";tag=")[0]};tag=fcc1` } = {}) => [
  `SIP/2.0 ${status}`, `Via: ${header(request, "Via")}`, `From: ${header(request, "From")}`, `To: ${to}`, `Call-ID: ${header(request, "Call-ID")}`,
  `CSeq: ${header(request, "CSeq")}`, `Contact: <${FCC}>`, "Record-Route: <sip:edge.fcc.example;lr>",
  ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body,
].join("\r\n");

describe("an ACK", () => {
  let phone;
  let calls;
  beforeEach(async () => {
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(Math, "random", () => 0.4);
    FakeSocket.made = [];
    Object.assign(globalThis, { window: globalThis, WebSocket: FakeSocket, RTCPeerConnection: Peer, MediaStream: class {}, RTCSessionDescription: function (given) {
      return given;
    } });
    const { createSipPhone } = await import("../../static/pane/phone/sip.js");
    calls = [];
    const stream = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] };
    const nothing = () => undefined;
    phone = createSipPhone({
      url: "wss://connector.example/pane/sip", ticket: async () => "ticket", microphone: async () => stream,
      audio: { play: async () => undefined, srcObject: null }, tones: { play: nothing, digit: nothing, unlock: nothing },
      now: () => 1_000_000, random: () => 0, after: (then, wait) => setTimeout(then, wait), userAgent: "test",
      onPhase: nothing, onSignalling: nothing, onCall: (call) => calls.push(call), onReport: nothing, onProblem: nothing, onSound: nothing,
    });
    phone.start({ uri: "sip:40312@acme.fcc.example", username: "40312", password: "x", iceServers: [] });
    await connected();
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  const said = (method) => FakeSocket.last().sent.filter((text) => text.startsWith(`${method} `));
  const acks = () => said("ACK").map(number);
  async function hears(text) {
    FakeSocket.last().onmessage({ data: text });
    await settle();
  }
  async function connected() {
    await settle();
    FakeSocket.last().open();
    await settle();
  }
  const drop = async () => {
    FakeSocket.last().drop(1006);
    await settle();
  };
  async function reconnected() {
    const before = FakeSocket.made.length;
    mock.timers.tick(2000);
    await settle();
    assert.equal(FakeSocket.made.length, before + 1);
    FakeSocket.last().open();
    await settle();
  }
  /** An outgoing call up to FCC's yes, which is given back. */
  async function dialled() {
    await phone.prepare().call({ number: "+48600100200", dialId: "d1", record: null });
    await settle();
    mock.timers.tick(500);
    await settle();
    return answer(said("INVITE")[0], "200 OK", { body: SDP });
  }
  async function called() {
    const contact = /<([^>]+)>/.exec(header(said("REGISTER")[0], "Contact"))[1];
    await hears([
      `INVITE ${contact} SIP/2.0`, "Via: SIP/2.0/WSS 192.0.2.9;branch=z9hG4bKfcc", "Max-Forwards: 70", "From: <sip:+48600100200@acme.fcc.example>;tag=fcc1",
      "To: <sip:40312@acme.fcc.example>", "Call-ID: in1", "CSeq: 7 INVITE", `Contact: <${FCC}>`, "Content-Type: application/sdp", `Content-Length: ${SDP.length}`, "", SDP,
    ].join("\r\n"));
    await phone.answer();
    await settle();
    mock.timers.tick(500);
    await settle();
    const yes = FakeSocket.last().sent.findLast((text) => text.startsWith("SIP/2.0 200") && header(text, "CSeq") === "7 INVITE");
    await hears([
      `ACK ${contact} SIP/2.0`, "Via: SIP/2.0/WSS 192.0.2.9;branch=z9hG4bKack", "Max-Forwards: 70", `From: ${header(yes, "From")}`, `To: ${header(yes, "To")}`,
      "Call-ID: in1", "CSeq: 7 ACK", "Content-Length: 0", "", "",
    ].join("\r\n"));
    assert.equal(calls.at(-1).state, "talking");
  }
  /** The agent holds or resumes; FCC's yes is given back. */
  async function turned(on) {
    phone.hold(on);
    await settle();
    const asked = said("INVITE").at(-1);
    return answer(asked, "200 OK", { body: SDP, to: header(asked, "To") });
  }

  for (const [way, begin] of [["out", async () => hears(await dialled())], ["in", called]]) {
    it(`to a hold that went down with the connection is said again over the next one, in a call ${way}`, async () => {
      await begin();
      const yes = await turned(true);
      await hears(yes);
      const lost = said("ACK").at(-1);
      assert.equal(number(lost), number(yes));
      await drop();
      await reconnected();
      assert.deepEqual(said("ACK"), [lost]);
      assert.ok(FakeSocket.last().sent[0].startsWith("ACK "), "before anything else is said");
      assert.deepEqual([calls.at(-1).state, calls.at(-1).held], ["talking", true]);
    });

    it(`is said once more for each 2xx that FCC repeats over another connection, in a call ${way}`, async () => {
      await begin();
      const yes = await turned(true);
      await hears(yes);
      await drop();
      await reconnected();
      await hears(yes);
      await hears(yes);
      assert.deepEqual(acks(), [number(yes), number(yes), number(yes)]);
    });

    it(`is said for a 2xx that comes only over the next connection, under its own number, in a call ${way}`, async () => {
      await begin();
      const late = await turned(true);
      await drop();
      await reconnected();
      const again = said("INVITE").at(-1);
      assert.ok(number(again) > number(late), "how things stand is offered again");
      const before = acks().length;
      await hears(late);
      const [made] = said("ACK").slice(before);
      assert.equal(header(made, "CSeq"), `${number(late)} ACK`);
      assert.deepEqual([tag(made, "From"), tag(made, "To"), header(made, "Call-ID")], [tag(late, "From"), tag(late, "To"), header(late, "Call-ID")]);
      assert.deepEqual([header(made, "Route"), made.split(" ")[1]], [header(again, "Route"), again.split(" ")[1]]);
      assert.notEqual(header(made, "Via"), header(late, "Via"));
      assert.deepEqual([header(made, "Content-Length"), header(made, "Content-Type")], ["0", ""]);
      await hears(answer(again, "200 OK", { body: SDP, to: header(again, "To") }));
      assert.equal(acks().at(-1), number(again));
    });
  }

  it("to the answer of a call out is said again over the next connection", async () => {
    const yes = await dialled();
    await hears(yes);
    assert.deepEqual(acks(), [number(yes)]);
    await drop();
    await reconnected();
    assert.deepEqual(acks(), [number(yes)]);
    await hears(yes);
    assert.deepEqual(acks(), [number(yes), number(yes)]);
    assert.equal(calls.at(-1).state, "talking");
  });

  it("keeps the number of its INVITE whatever was asked meanwhile", async () => {
    await hears(await dialled());
    const yes = await turned(true);
    await hears(yes);
    phone.tone("5");
    await settle();
    assert.ok(number(said("INFO")[0]) > number(yes));
    await drop();
    await reconnected();
    assert.deepEqual(acks(), [number(yes)]);
  });

  it("is said once for each 2xx that comes over the connection of its INVITE", async () => {
    await hears(await dialled());
    const yes = await turned(true);
    await hears(yes);
    await hears(yes);
    assert.equal(acks().filter((one) => one === number(yes)).length, 2);
  });

  it("is said again no longer than FCC waits for it", async () => {
    await hears(await dialled());
    mock.timers.tick(32_000);
    await settle();
    await drop();
    await reconnected();
    assert.deepEqual(acks(), []);
  });

  it("is no answer to what is not of this call", async () => {
    await hears(await dialled());
    const yes = await turned(true);
    await hears(yes);
    await drop();
    await reconnected();
    const before = acks().length;
    await hears(yes.replace(/tag=fcc1/, "tag=another"));
    await hears(yes.replace(/^Call-ID: .*$/im, "Call-ID: another"));
    await hears(yes.replace("200 OK", "180 Ringing"));
    await hears(yes.replace(/ INVITE\r/, " UPDATE\r"));
    assert.equal(acks().length, before);
  });
});
