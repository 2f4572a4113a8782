/** The pane's SIP phone with JsSIP itself in it: the test plays the browser, the socket and FCC. */
import assert from "node:assert/strict";
import { mock } from "node:test";

import { FakeSocket } from "./support.mjs";

export const SDP = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.1\r\na=sendrecv\r\n";
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

/** Lets all of JsSIP's promises run. */
export const settle = async () => {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((done) => setImmediate(done));
};
export const header = (text, name) => new RegExp(`^${name}: (.*?)\\r$`, "im").exec(text)?.[1] ?? "";

/** What FCC says to a request; the `to` of a dialog has FCC's tag. */
export const answer = (request, status, { body = "", to = `${header(request, "To").split(";tag=")[0]};tag=fcc1` } = {}) => [
  `SIP/2.0 ${status}`, `Via: ${header(request, "Via")}`, `From: ${header(request, "From")}`, `To: ${to}`, `Call-ID: ${header(request, "Call-ID")}`,
  `CSeq: ${header(request, "CSeq")}`, `Contact: <${FCC}>`, "Record-Route: <sip:edge.fcc.example;lr>",
  ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body,
].join("\r\n");

/** A phone that has its socket, and what it told the pane; `done` gives the browser back. */
export async function connectedPhone() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(Math, "random", () => 0.4);
  FakeSocket.made = [];
  Object.assign(globalThis, { window: globalThis, WebSocket: FakeSocket, RTCPeerConnection: Peer, MediaStream: class {}, RTCSessionDescription: function (given) {
    return given;
  } });
  const { createSipPhone } = await import("../../static/pane/phone/sip.js");
  const nothing = () => undefined;
  const bench = {
    calls: [], reports: [], problems: [], phases: [], released: 0,
    microphone: async () => ({ getTracks: () => [{ stop: () => (bench.released += 1) }], getAudioTracks: () => [], getVideoTracks: () => [] }),
    said: (what) => FakeSocket.last().sent.filter((text) => text.startsWith(`${what} `)),
    async hears(text) {
      FakeSocket.last().onmessage({ data: text });
      await settle();
    },
    async passes(milliseconds) {
      mock.timers.tick(milliseconds);
      await settle();
    },
    async drops() {
      FakeSocket.last().drop(1006);
      await settle();
    },
    async connects() {
      await settle();
      FakeSocket.last().open();
      await settle();
    },
    async connectsAgain() {
      const before = FakeSocket.made.length;
      await bench.passes(2000);
      assert.equal(FakeSocket.made.length, before + 1);
      await bench.connects();
    },
    async registers() {
      const request = bench.said("REGISTER").at(-1);
      await bench.hears(answer(request, "200 OK").replace(/^Contact: .*$/m, `Contact: ${header(request, "Contact")};expires=300\r`));
    },
    /** The agent dials; FCC's yes is given back. */
    async dials() {
      await bench.phone.prepare().call({ number: "+48600100200", dialId: "d1", record: null });
      await settle();
      await bench.passes(500);
      return answer(bench.said("INVITE")[0], "200 OK", { body: SDP });
    },
    /** FCC rings, or asks for something else at our address. */
    async isAsked(method, { callId = "in1", number = 7, headers = [], body = SDP, to = "<sip:40312@acme.fcc.example>", from = "<sip:+48600100200@acme.fcc.example>", remote = FCC, encode = (/** @type {string} */ text) => text } = {}) {
      const contact = /<([^>]+)>/.exec(header(bench.said("REGISTER")[0], "Contact"))[1];
      await bench.hears(encode([
        `${method} ${contact} SIP/2.0`, `Via: SIP/2.0/WSS 192.0.2.9;branch=z9hG4bK${callId}${method}${number}`, "Max-Forwards: 70", `From: ${from};tag=fcc1`,
        `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${number} ${method}`, `Contact: <${remote}>`, ...headers,
        ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body,
      ].join("\r\n")));
    },
    /** The agent answers the call that rings; FCC acknowledges. */
    async answers() {
      await bench.phone.answer();
      await settle();
      await bench.passes(500);
      const yes = FakeSocket.last().sent.findLast((text) => text.startsWith("SIP/2.0 200") && header(text, "CSeq") === "7 INVITE");
      await bench.isAsked("ACK", { body: "", to: header(yes, "To") });
      assert.equal(bench.calls.at(-1).state, "talking");
    },
    /** The agent holds or resumes; FCC's yes is given back. */
    async turns(on) {
      bench.phone.hold(on);
      await settle();
      const asked = bench.said("INVITE").at(-1);
      return answer(asked, "200 OK", { body: SDP, to: header(asked, "To") });
    },
    done() {
      mock.timers.reset();
      mock.restoreAll();
    },
  };
  bench.phone = createSipPhone({
    url: "wss://connector.example/pane/sip", ticket: async () => "ticket", microphone: () => bench.microphone(),
    audio: { play: async () => undefined, srcObject: null }, tones: { play: nothing, digit: nothing, unlock: nothing },
    now: () => 1_000_000, random: () => 0, after: (then, wait) => setTimeout(then, wait), userAgent: "test",
    onPhase: (phase) => bench.phases.push(phase), onSignalling: nothing, onCall: (call) => bench.calls.push(call),
    onReport: (report) => bench.reports.push(report), onProblem: (code) => bench.problems.push(code), onSound: nothing,
  });
  bench.phone.start({ uri: "sip:40312@acme.fcc.example", username: "40312", password: "x", expiresAt: null });
  await bench.connects();
  return bench;
}
