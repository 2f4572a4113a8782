/**
 * Records what JsSIP and SIP.js really write, into corpus/phones: the conversations that the relay must let pass. Each
 * file is one conversation in its order, a line of JSON for each message: who sent it, and its text.
 *
 * Both run here, in Node, against a PBX that is a few functions: no media, no network, and no chance, so that the same
 * versions write the same files. `node tests/protocol/proxy/record_phones.mjs [directory]`
 *
 * Source: RFC 3261; RFC 3515 (REFER); RFC 5627 (GRUU).
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DOMAIN = "acme.fcc.example";
const OWN = `sip:40312@${DOMAIN}`;
const NUMBER = "+48600100200";
const SDP = [
  "v=0", "o=- 1 2 IN IP4 192.0.2.1", "s=-", "t=0 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 192.0.2.1",
  "a=mid:0", "a=sendrecv", "a=rtcp-mux", "a=setup:actpass", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx",
  `a=fingerprint:sha-256 ${Array(32).fill("00").join(":")}`, "a=rtpmap:111 opus/48000/2", "",
].join("\r\n");

/** Randomness that is the same each time. */
let seed = 1;
Math.random = () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};
let clock = 0;
const token = () => `fcc${(clock += 1).toString(36)}`;

// ------------------------------------------------------------------ the PBX

function parse(text) {
  const [start, ...lines] = text.split("\r\n\r\n", 1)[0].split("\r\n");

  const headers = lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
  });
  const all = (name) => headers.filter(([known]) => known === name).map(([, value]) => value);
  return { start, all, one: (name) => all(name)[0] ?? "" };
}

/** The far side of one recording: says yes to all, and keeps who said what. */
class Pbx {
  constructor(how = {}) {
    this.how = { contact: `sip:fcc@${DOMAIN};transport=ws`, routes: [], gruu: false, far: `sip:${NUMBER}@${DOMAIN}`, answers: "200 OK", ...how };
    this.log = [];
    this.deliver = () => undefined;
    this.answer = true;
    this.dialogs = {};
    this.phoneContact = "";
    this.referred = "";
    this.invite = null;
  }

  restart() {
    this.log.push({ from: "nobody", text: "the connector was restarted" });
  }

  say(text) {
    this.log.push({ from: "fcc", text });
    const deliver = this.deliver;
    setImmediate(() => deliver(text));
  }

  hear(text) {
    this.log.push({ from: "phone", text });
    if (!text.trim()) return;
    const message = parse(text);
    if (message.start.startsWith("SIP/2.0")) this.answered(message);
    else this.asked(message);
  }

  reply(request, status, more = [], body = "") {
    const to = request.one("to");
    const tagged = /;tag=/.test(to) || status.startsWith("100") ? to : `${to};tag=${this.tagFor(request)}`;
    const lines = [
      `SIP/2.0 ${status}`, ...request.all("via").map((via) => `Via: ${via}`), `From: ${request.one("from")}`, `To: ${tagged}`,
      `Call-ID: ${request.one("call-id")}`, `CSeq: ${request.one("cseq")}`, ...more,
      ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`,
    ];
    this.say(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  tagFor(request) {
    const known = this.dialogs[request.one("call-id")] ?? (this.dialogs[request.one("call-id")] = { tag: token() });
    return known.tag;
  }

  get dialogHeaders() {
    return [
      ...this.how.routes.map((route) => `Record-Route: <${route}>`), `Contact: <${this.how.contact}>`,
      "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK", "Supported: timer, replaces",
    ];
  }

  asked(request) {
    const method = request.start.split(" ")[0];
    const inside = /;tag=/.test(request.one("to"));
    const nonce = createHash("sha256").update(String(clock)).digest("hex").slice(0, 16);
    const challenge = `Digest realm="${DOMAIN}", nonce="${nonce}", algorithm=MD5, qop="auth"`;
    if (method === "ACK") return;
    if (method === "REGISTER") {
      if (!request.one("authorization")) return this.reply(request, "401 Unauthorized", [`WWW-Authenticate: ${challenge}`]);
      const contact = request.one("contact");
      this.phoneContact = /<([^>]+)>/.exec(contact)?.[1] ?? this.phoneContact;
      const gruu = this.how.gruu
        ? `;pub-gruu="${OWN};gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";temp-gruu="sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@${DOMAIN};gr"` : "";
      return this.reply(request, "200 OK", contact === "*" || /expires=0/.test(contact) ? [] : [`Contact: ${contact.replace(/;expires=\d+/, "")}${gruu};expires=300`, "Expires: 300"]);
    }
    if (method === "INVITE" && !inside) {
      if (!request.one("proxy-authorization")) return this.reply(request, "407 Proxy Authentication Required", [`Proxy-Authenticate: ${challenge}`]);
      this.invite = request;
      this.reply(request, "100 Trying");
      if (this.how.answers !== "200 OK") return this.reply(request, this.how.answers);
      this.reply(request, "180 Ringing", this.dialogHeaders);
      if (this.answer) this.reply(request, "200 OK", this.dialogHeaders, SDP);
      return undefined;
    }
    if (method === "INVITE") return this.reply(request, "200 OK", this.dialogHeaders, SDP);
    if (method === "CANCEL") {
      this.reply(request, "200 OK");
      return this.reply(this.invite, "487 Request Terminated");
    }
    if (method === "REFER") {
      this.referred = request.one("refer-to");
      this.reply(request, "202 Accepted", this.dialogHeaders);
      const event = ["Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag"];
      this.request("NOTIFY", this.partOf(request), event, "SIP/2.0 100 Trying\r\n");
      event[1] = "Subscription-State: terminated;reason=noresource";
      return this.request("NOTIFY", this.partOf(request), event, "SIP/2.0 200 OK\r\n");
    }
    const offers = method === "UPDATE" && request.one("content-type") !== "";
    return this.reply(request, "200 OK", method === "UPDATE" ? this.dialogHeaders : [], offers ? SDP : "");
  }

  partOf(request) {
    return { from: request.one("to"), to: request.one("from"), callId: request.one("call-id") };
  }

  answered(answer) {
    const [number, method] = answer.one("cseq").split(" ");
    if (method !== "INVITE" || !/^SIP\/2\.0 [2-6]/.test(answer.start)) return;
    const contact = /<([^>]+)>/.exec(answer.one("contact"))?.[1] ?? this.phoneContact;
    this.call = { from: answer.one("from"), to: answer.one("to"), callId: answer.one("call-id"), target: contact };
    this.request("ACK", this.call, [], "", Number(number));
  }

  request(method, part, more = [], body = "", number = (clock += 1)) {
    const lines = [
      `${method} ${part.target ?? this.phoneContact} SIP/2.0`, `Via: SIP/2.0/WSS 192.0.2.9:8089;branch=z9hG4bK${token()}`, "Max-Forwards: 70",
      `From: ${part.from}`, `To: ${part.to}`, `Call-ID: ${part.callId}`, `CSeq: ${number} ${method}`,
      ...(["INVITE", "UPDATE", "NOTIFY"].includes(method) ? this.dialogHeaders : []), ...more, `Content-Length: ${body.length}`,
    ];
    this.say(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  /** Calls the phone. */
  ring() {
    const part = { from: `"Jan Kowalski" <${this.how.far}>;tag=${token()}`, to: `<${OWN}>`, callId: `${token()}@192.0.2.9` };
    this.ringing = part;
    this.request("INVITE", part, ["Content-Type: application/sdp"], SDP);
  }

  /** Withdraws the call. */
  withdraw() {
    const invite = [...this.log].reverse().find(({ from, text }) => from === "fcc" && text.startsWith("INVITE "));
    const text = (invite).text;
    const head = text.split("\r\n\r\n", 1)[0];
    const kept = head.split("\r\n").filter((line) => /^(Via|Max-Forwards|From|To|Call-ID):/.test(line));
    const number = /CSeq: (\d+)/.exec(head)?.[1];
    this.say([head.split("\r\n")[0]?.replace("INVITE", "CANCEL"), ...kept, `CSeq: ${number} CANCEL`, "Content-Length: 0", "", ""].join("\r\n"));
  }

  /** Asks for something in the call that is up. */
  ask(method, body = "") {
    const call = this.call ?? this.own;
    this.request(method, call, body ? ["Content-Type: application/sdp"] : [], body);
  }

  /** The call that the phone made, seen from here. */
  get own() {
    const invite = this.invite;
    return { ...this.partOf(invite), from: `${invite.one("to")};tag=${this.tagFor(invite)}`, target: /<([^>]+)>/.exec(invite.one("contact"))?.[1] };
  }
}

const settle = async (rounds = 60) => {
  for (let i = 0; i < rounds; i += 1) await new Promise((done) => setImmediate(done));
};

// ------------------------------------------------------------------ JsSIP

class Peer extends EventTarget {
  iceGatheringState = "complete";
  iceConnectionState = "connected";
  connectionState = "connected";
  signalingState = "stable";

  localDescription = null;
  async createOffer() {
    return { type: "offer", sdp: SDP };
  }
  async createAnswer() {
    return { type: "answer", sdp: SDP };
  }
  async setLocalDescription(description) {
    this.localDescription = description;
  }
  async setRemoteDescription() {}
  addTrack() {}
  getSenders() {
    return [{ track: { kind: "audio", enabled: true }, replaceTrack: async () => undefined }];
  }
  close() {
    this.signalingState = "closed";
  }
}

async function withJsSip(pbx, options = {}) {
  Object.assign(globalThis, { window: globalThis, RTCPeerConnection: Peer, RTCSessionDescription: function (given) {
    return given;
  } });
  const { UA } = await import("jssip");
  const socket = {
    url: `wss://connector.${DOMAIN}/pane/sip`, via_transport: "WSS", sip_uri: `sip:connector.${DOMAIN};transport=ws`,
    connected: false, onconnect: () => undefined, ondisconnect: (_) => undefined, ondata: (_) => undefined,
    isConnected: () => socket.connected, isConnecting: () => false,
    connect() {
      socket.connected = true;
      setImmediate(() => socket.onconnect());
    },
    disconnect() {
      socket.connected = false;
      socket.ondisconnect(false);
    },
    send(data) {
      pbx.hear(String(data));
      return true;
    },
  };
  pbx.deliver = (text) => socket.ondata(text);
  const ua = new UA({
    sockets: [socket], uri: OWN, authorization_user: "40312", password: "secret", register_expires: 300,
    session_timers: false, user_agent: "JsSIP", ...options,
  });
  const stream = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] };
  const media = { mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

  let offered = null;
  ua.on("newRTCSession", (event) => {
    if (event.originator === "remote") offered = event.session;
  });
  ua.start();
  await settle();
  return {
    dial: async (number = NUMBER) => {
      const session = ua.call(`sip:${number}@${DOMAIN}`, media);
      await settle();
      return session;
    },
    answer: async () => {
      offered.answer(media);
      await settle();
      return offered;
    },
    reject: async () => {
      offered.terminate({ status_code: 486, reason_phrase: "Busy Here" });
      await settle();
    },
    hold: async (session, on = true) => {
      if (on) session.hold();
      else session.unhold();
      await settle();
    },
    refresh: async (session) => {
      session.renegotiate({ useUpdate: true });
      await settle();
    },
    tone: async (session) => {
      session.sendDTMF("5", { transportType: "INFO", duration: 100 });
      await new Promise((done) => setTimeout(done, 300));
    },
    refer: async (session, replaces = null) => {
      session.refer(`sip:40318@${DOMAIN}`, replaces ? { replaces } : {});
      await settle();
    },
    hangUp: async (session) => {
      session.terminate();
      await settle();
    },
    reconnect: async () => {
      socket.connected = false;
      socket.ondisconnect(true);
      pbx.restart();
      await new Promise((done) => setTimeout(done, 2500));
    },
    again: async () => {
      ua.register();
      await settle();
    },
    options: async () => {
      ua.sendOptions(OWN);
      await settle();
    },
    stop: async () => {
      ua.unregister();
      await settle();
      ua.stop();
      await settle();
    },
  };
}

// ------------------------------------------------------------------ SIP.js

async function withSipJs(pbx, options = {}) {
  const sip = await import("sip.js");
  const { EmitterImpl } = await import("sip.js/lib/api/emitter.js");
  class Memory {
    constructor() {
      this.protocol = "WSS";
      this.state = sip.TransportState.Disconnected;
      this.stateChange = new EmitterImpl();

      this.onConnect = this.onDisconnect = this.onMessage = undefined;
    }
    become(state) {
      this.state = state;
      this.stateChange.emit(state);
    }
    isConnected() {
      return this.state === sip.TransportState.Connected;
    }
    async connect() {
      pbx.deliver = (text) => this.onMessage?.(text);
      this.become(sip.TransportState.Connecting);
      this.become(sip.TransportState.Connected);
      this.onConnect?.();
    }
    async disconnect() {
      this.become(sip.TransportState.Disconnected);
      this.onDisconnect?.();
    }
    async dispose() {
      await this.disconnect();
    }
    async send(text) {
      pbx.hear(text);
    }
  }
  const handler = () => ({
    close() {},
    getDescription: async () => ({ body: SDP, contentType: "application/sdp" }),
    hasDescription: (type) => type === "application/sdp",
    rollbackDescription: async () => undefined,
    setDescription: async () => undefined,
    sendDtmf: () => true,
  });

  let offered = null;
  const agent = new sip.UserAgent({
    uri: sip.UserAgent.makeURI(OWN), authorizationUsername: "40312", authorizationPassword: "secret",
    transportConstructor: Memory, sessionDescriptionHandlerFactory: handler, logLevel: "error",
    userAgentString: "SIP.js", delegate: { onInvite: (invitation) => {
      offered = invitation;
    } }, ...options,
  });
  await agent.start();
  const registerer = new sip.Registerer(agent, { expires: 300 });
  await registerer.register();
  await settle();
  return {
    dial: async (number = NUMBER) => {
      const session = new sip.Inviter(agent, sip.UserAgent.makeURI(`sip:${number}@${DOMAIN}`));
      await session.invite();
      await settle();
      return session;
    },
    answer: async () => {
      await offered.accept();
      await settle();
      return offered;
    },
    reject: async () => {
      await offered.reject({ statusCode: 486 });
      await settle();
    },
    hold: async (session) => {
      await session.invite();
      await settle();
    },
    refresh: async () => undefined,
    tone: async (session) => {
      const body = { contentDisposition: "render", contentType: "application/dtmf-relay", content: "Signal=5\r\nDuration=100" };
      await session.info({ requestOptions: { body } });
      await settle();
    },
    refer: async (session, replaces = null) => {
      await session.refer(replaces ?? sip.UserAgent.makeURI(`sip:40318@${DOMAIN}`));
      await settle();
    },
    hangUp: async (session) => {
      await (session.state === sip.SessionState.Established ? session.bye() : session.cancel());
      await settle();
    },
    reconnect: async () => {
      await agent.transport.disconnect();
      pbx.restart();
      await agent.reconnect();
      await registerer.register();
      await settle();
    },
    again: async () => {
      await registerer.register();
      await settle();
    },
    options: async () => undefined,
    stop: async () => {
      await registerer.unregister();
      await settle();
      await agent.stop();
      await settle();
    },
  };
}

// ------------------------------------------------------------------ what is played

const ROUTES = ["sip:edge.fcc.example;transport=wss;lr", "sip:core.fcc.example;lr;ftag=abc"];

const PLAYS = {
  "call-out": [{}, async (phone) => {
    const session = await phone.dial();
    await phone.hold(session, true);
    await phone.hold(session, false);
    await phone.tone(session);
    await phone.refresh(session);
    await phone.hangUp(session);
    await phone.again();
    await phone.options();
  }],
  "call-out-ended-by-fcc": [{}, async (phone, pbx) => {
    await phone.dial("40318");
    pbx.ask("INVITE", SDP.replace("sendrecv", "sendonly"));
    await settle();
    pbx.ask("UPDATE");
    await settle();
    pbx.ask("BYE");
    await settle();
  }],
  "call-in": [{}, async (phone, pbx) => {
    pbx.ring();
    await settle();
    const session = await phone.answer();
    await phone.hold(session, true);
    await phone.tone(session);
    await phone.hangUp(session);
  }],
  "call-in-odd-number": [{ far: `sip:${NUMBER};cpc=ordinary@${DOMAIN};user=phone`, contact: "sip:asterisk@192.0.2.9:5060;transport=ws" }, async (phone, pbx) => {
    pbx.ring();
    await settle();
    const session = await phone.answer();
    await phone.hold(session, true);
    await phone.hold(session, false);
    pbx.ask("OPTIONS");
    await settle();
    await phone.hangUp(session);
  }],
  "call-in-ended-by-fcc": [{}, async (phone, pbx) => {
    pbx.ring();
    await settle();
    await phone.answer();
    pbx.ask("INVITE", SDP);
    await settle();
    pbx.ask("BYE");
    await settle();
  }],
  "call-in-rejected": [{}, async (phone, pbx) => {
    pbx.ring();
    await settle();
    await phone.reject();
  }],
  "call-in-withdrawn": [{}, async (phone, pbx) => {
    pbx.ring();
    await settle();
    pbx.withdraw();
    await settle();
  }],
  "given-up": [{}, async (phone, pbx) => {
    pbx.answer = false;
    const session = await phone.dial();
    await phone.hangUp(session);
  }],
  busy: [{ answers: "486 Busy Here" }, async (phone) => void (await phone.dial())],
  refer: [{}, async (phone) => {
    const session = await phone.dial();
    await phone.refer(session);
    await phone.hangUp(session);
  }],
  "refer-attended": [{}, async (phone) => {
    const session = await phone.dial();
    await phone.hold(session, true);
    const other = await phone.dial("40318");
    await phone.refer(session, other);
    await phone.hangUp(session);
    await phone.hangUp(other);
  }],
  routed: [{ routes: ROUTES, contact: "sip:198.51.100.7:5080;transport=udp;alias=198.51.100.7~5080~1" }, async (phone, pbx) => {
    const session = await phone.dial();
    await phone.hold(session, true);
    pbx.how.contact = "sip:moved@198.51.100.8:5080";
    await phone.hold(session, false);
    await phone.tone(session);
    await phone.hangUp(session);
    pbx.ring();
    await settle();
    const other = await phone.answer();
    await phone.tone(other);
    await phone.hangUp(other);
  }],
  restarted: [{ contact: "sip:asterisk@10.0.0.1:5060;transport=ws" }, async (phone, pbx) => {
    const session = await phone.dial();
    await phone.reconnect();
    await phone.hold(session, true);
    await phone.hold(session, false);
    await phone.tone(session);
    pbx.ask("INVITE", SDP);
    await settle();
    await phone.hangUp(session);
  }],
  "restarted-in": [{}, async (phone, pbx) => {
    pbx.ring();
    await settle();
    const session = await phone.answer();
    await phone.hold(session, true);
    await phone.reconnect();
    await phone.hold(session, false);
    await phone.refer(session);
    await phone.hangUp(session);
  }],
  gruu: [{ gruu: true }, async (phone, pbx) => {
    const session = await phone.dial();
    await phone.hold(session, true);
    await phone.hangUp(session);
    pbx.ring();
    await settle();
    await phone.hangUp(await phone.answer());
    await phone.again();
  }],
};

const directory = process.argv[2] ?? new URL("corpus/phones", import.meta.url).pathname;
mkdirSync(directory, { recursive: true });
for (const [name, [how, play, options]] of Object.entries(PLAYS)) {
  for (const [phone, made] of [["jssip", withJsSip], ["sipjs", withSipJs]]) {
    const pbx = new Pbx(how);
    const played = await made(pbx, options);
    await play(played, pbx);
    await played.stop();
    const lines = pbx.log.map((said) => JSON.stringify(said));
    writeFileSync(join(directory, `${phone}-${name}.jsonl`), `${lines.join("\n")}\n`);
    console.log(`${phone}-${name}: ${pbx.log.filter(({ from }) => from === "phone").length} of the phone's`);
  }
}
process.exit(0);
