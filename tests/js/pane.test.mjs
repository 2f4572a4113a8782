/** What the pane does with events, clicks and reports; every neighbour is a stand-in. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { ChannelError } from "../../static/pane/channel.js";
import { translator } from "../../static/pane/i18n/index.js";
import { createPane } from "../../static/pane/pane.js";
import { MicrophoneError } from "../../static/pane/phone/microphone.js";
import { initialState, reduce } from "../../static/pane/state/reducer.js";
import { createStore } from "../../static/pane/state/store.js";
import { commandProblems } from "./schema.mjs";
import { DrivenTime, settle } from "./support.mjs";

const READY = { id: 1, class: "ready", name: "W kolejce", since: "2026-03-04T10:00:00Z", until: null };
const NOT_READY = { id: 2, class: "notready", name: "Niegotowy", since: "2026-03-04T10:00:00Z", until: null };
const JAN = { recordId: "003000000000001AAA", recordName: "Jan Kowalski", objectType: "Contact" };

/** What two phones can: one whose sound runs in the page, and one on the desk, of which the pane only knows. */
const SIP = { kind: "sip", can: ["dial", "answer", "hangUp", "hold", "mute", "tone", "status", "sound"] };
const DESK = { kind: "desk", can: ["dial", "status"] };

/** A pane whose channel, host and phone keep what they were asked. */
function workbench(which = SIP) {
  const time = new DrivenTime(Date.parse("2026-03-04T10:15:00Z"));
  const store = createStore(reduce, initialState);
  const asked = [];
  const host = [];
  const phone = [];
  let started = false;
  let streams = 0;
  let released = 0;
  const bench = {
    time, store, asked, host, phone,
    answers: {
      "phone.credentials": () => ({ kind: "sip", uri: "sip:40312@acme.fcc.example", username: "40312", password: "p", expiresAt: null, iceServers: [] }),
      "sip.ticket": () => ({ ticket: "t1", expiresIn: 30 }),
      "dial": () => ({ dialId: "d1", number: "+48600100200", display: "600 100 200" }),
      "presence.set": ({ statusId }) => ({ presence: statusId === 1 ? READY : NOT_READY }),
      "leader.take": () => ({ fence: 7 }),
    },
    hostAnswer: async () => null,
    microphoneState: { state: "allowed", code: null },
    openMicrophone: async () => {
      streams += 1;
      return { getTracks: () => [{ stop: () => (released += 1) }] };
    },
    released: () => released,
    streams: () => streams,
    commands: (type) => asked.filter((command) => command.type === type),
    codes: () => store.get().notices.map((notice) => notice.code),
  };
  const told = {};
  const heard = async (method, ...args) => (host.push([method, ...args]), bench.hostAnswer(method));
  const pane = createPane({
    store,
    now: time.now,
    t: translator("pl"),
    signIn: () => undefined,
    microphone: { check: async () => bench.microphoneState, onChange: () => undefined },
    session: () => ({ token: () => "t", expired: () => false, tick: () => undefined, renew: async () => host.push(["renew"]) }),
    channel: (listener) => (told.channel = listener, {
      open: () => (bench.link = "open"), close: () => (bench.link = phone.some(([done]) => done === "stop") ? "closed" : "too early"), tick: () => undefined, hurry: () => undefined, isOpen: () => true,
      async request(type, fields) {
        asked.push({ type, ...fields });
        return (bench.answers[type] ?? (() => ({})))(fields);
      },
    }),
    host: (listener) => (told.host = listener, {
      start: () => undefined,
      openRecord: (recordId) => heard("openRecord", recordId),
      showPhone: () => heard("showPhone"),
      makeNumbersClickable: (on) => heard("makeNumbersClickable", on),
      showRinging: (on) => heard("showRinging", on),
      withholder: () => "mic-frame",
      sentence: (code) => ({ "cti-missing": "The page is not there." })[code] ?? null,
    }),
    phone: (listener, ask) => (told.phone = listener, bench.ask = ask, {
      ...which,
      start: (credentials) => ((started = true), phone.push(["start", credentials.username ?? credentials.station])),
      stop: () => ((started = false), phone.push(["stop"])),
      started: () => started,
      prepare() {
        const opening = which.can.includes("sound") ? bench.openMicrophone() : Promise.resolve();
        opening.catch(() => undefined);
        return {
          async call({ number, dialId }) {
            await opening;
            phone.push(["call", number, dialId]);
          },
          abandon: () => void opening.then((stream) => stream.getTracks().forEach((track) => track.stop()), () => undefined),
        };
      },
      answer: async () => phone.push(["answer"]), reject: () => phone.push(["reject"]), hangUp: () => phone.push(["hangUp"]),
      hold: (on) => phone.push(["hold", on]), mute: (on) => phone.push(["mute", on]), tone: (tone) => phone.push(["tone", tone]),
      unlockSound: () => phone.push(["unlock"]), tick: () => undefined,
    }),
  });
  return Object.assign(bench, { pane, told });
}

describe("the pane", () => {
  /** @type {any} */ let bench;
  const snapshot = (more = {}) => ({
    type: "snapshot", seq: 1, at: "2026-03-04T10:15:00Z", presence: READY, statuses: [READY, NOT_READY], calls: [],
    capabilities: { canDial: true, missing: [] }, leader: true, fence: 3, ...more,
  });
  const arrive = async (more = {}, { registers = true } = {}) => {
    bench.pane.start();
    bench.told.channel.onLink("open");
    bench.told.channel.onHello({ seq: 1, leader: more.leader ?? true, fence: 3, heartbeat: 10 });
    bench.told.host.onReady({ problem: null });
    bench.told.channel.onEvent(snapshot(more));
    await settle();
    if (registers) bench.told.phone.onPhase("registered", null);
    await settle();
  };
  const clickable = () => bench.host.filter(([method]) => method === "makeNumbersClickable").map(([, on]) => on);
  beforeEach(() => {
    bench = workbench();
  });
  afterEach(() => {
    for (const command of bench.asked) assert.equal(commandProblems({ id: "c1", ...command }), null, JSON.stringify(command));
  });

  describe("that leads", () => {
    it("asks for the phone's credentials once, with its fence, and registers", async () => {
      await arrive();
      assert.deepEqual(bench.commands("phone.credentials"), [{ type: "phone.credentials", fence: 3 }]);
      assert.deepEqual(bench.phone, [["start", "40312"]]);
    });
    it("lets its phone ask under its present fence", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "leader", seq: 2, leader: true, fence: 4 });
      assert.equal((await bench.ask("sip.ticket")).ticket, "t1");
      assert.equal(bench.commands("sip.ticket")[0].fence, 4);
    });
    it("says when its phone is signed in again, so that the status is read anew", async () => {
      await arrive();
      assert.deepEqual(bench.commands("phone.registered"), []);
      bench.told.phone.onPhase("connecting", "phone-no-connection");
      bench.told.phone.onPhase("registered", null);
      assert.deepEqual(bench.commands("phone.registered"), [{ type: "phone.registered" }]);
    });
    it("takes the tenant's statuses whenever they come", async () => {
      await arrive({ statuses: [] });
      bench.told.channel.onEvent({ type: "statuses", seq: 2, statuses: [READY, NOT_READY] });
      assert.deepEqual(bench.store.get().statuses, [READY, NOT_READY]);
    });
    it("says that FCC has another status until the agent chooses one", async () => {
      await arrive();
      for (const code of ["status-moved", "status-not-ready-away"]) bench.told.channel.onEvent({ type: "notice", seq: 2, code, message: "Niegotowy" });
      assert.deepEqual(bench.codes(), ["status-moved", "status-not-ready-away"]);
      bench.pane.act.chooseStatus(1);
      assert.deepEqual(bench.codes(), []);
    });
    it("gives the phone up when another pane takes it", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "leader", seq: 2, leader: false, fence: 4 });
      assert.deepEqual(bench.phone.at(-1), ["stop"]);
      assert.equal(bench.store.get().leader, false);
    });
    it("tries again later when it gets no credentials, and says what the server said", async () => {
      let refuse = true;
      const good = bench.answers["phone.credentials"];
      bench.answers["phone.credentials"] = () => {
        if (refuse) throw new ChannelError("fcc-unreachable", "Centrala nie odpowiada.");
        return good();
      };
      await arrive({}, { registers: false });
      assert.ok(bench.codes().includes("fcc-unreachable"));
      assert.equal(bench.store.get().phone, "failed");
      refuse = false;
      bench.time.move(1500);
      bench.pane.tick();
      await settle();
      assert.deepEqual(bench.phone, [["start", "40312"]]);
      assert.ok(bench.codes().includes("fcc-unreachable"));
      bench.told.phone.onPhase("registered", null);
      assert.ok(!bench.codes().includes("fcc-unreachable"));
    });
  });

  describe("that does not lead", () => {
    it("asks for no credentials", async () => {
      await arrive({ leader: false });
      assert.equal(bench.commands("phone.credentials").length, 0);
    });
    it("dials through the server and opens no microphone", async () => {
      await arrive({ leader: false });
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.equal(bench.commands("dial").length, 1);
      assert.equal(bench.streams(), 0);
      assert.deepEqual(bench.phone.filter(([what]) => what === "call"), []);
    });
    it("can take the phone over", async () => {
      await arrive({ leader: false });
      bench.pane.act.takeOver();
      await settle();
      assert.equal(bench.commands("phone.credentials")[0].fence, 7);
      assert.equal(bench.store.get().leader, true);
    });
  });

  describe("when a number is clicked", () => {
    it("shows itself, dials with the record, and calls", async () => {
      await arrive();
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.deepEqual(bench.commands("dial"), [{
        type: "dial", number: "600 100 200", record: JAN,
      }]);
      assert.deepEqual(bench.phone.at(-1), ["call", "+48600100200", "d1"]);
      assert.ok(bench.host.some(([method]) => method === "showPhone"));
    });
    it("keeps a person account's ids", async () => {
      await arrive();
      bench.told.host.onNumberClicked("600 100 200", { ...JAN, objectType: "Account", contactId: "003000000000009AAA", personAccount: true });
      await settle();
      assert.deepEqual([bench.commands("dial")[0].record.contactId, bench.commands("dial")[0].record.personAccount], ["003000000000009AAA", true]);
    });
    it("says why not, in the server's words, and lets the microphone go", async () => {
      await arrive();
      bench.answers.dial = () => {
        throw new ChannelError("number-invalid", "To nie jest numer telefonu.");
      };
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.equal(bench.store.get().notices.at(-1).message, "To nie jest numer telefonu.");
      assert.equal(bench.released(), 1);
      assert.equal(bench.store.get().dialling, null);
    });
    it("does nothing twice at once", async () => {
      await arrive();
      bench.told.host.onNumberClicked("600 100 200", JAN);
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.equal(bench.commands("dial").length, 1);
      assert.ok(bench.codes().includes("agent-busy"));
    });
    it("names the microphone's level when that is what is missing", async () => {
      bench.microphoneState = { state: "blocked", code: "mic-frame" };
      await arrive();
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.equal(bench.commands("dial").length, 0);
      assert.ok(bench.codes().includes("mic-frame"));
    });
    it("tells of a microphone that fails at that very moment", async () => {
      await arrive();
      bench.openMicrophone = async () => {
        throw new MicrophoneError("mic-busy");
      };
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.ok(bench.codes().includes("mic-busy"));
    });
  });

  describe("asked by another pane to dial", () => {
    it("calls once, however often it is told", async () => {
      await arrive();
      const request = { type: "dial.request", dialId: "d9", number: "+48600100205", record: null };
      bench.told.channel.onEvent({ ...request, seq: 5 });
      bench.told.channel.onEvent({ ...request, seq: 6 });
      await settle();
      assert.deepEqual(bench.phone.filter(([what]) => what === "call"), [["call", "+48600100205", "d9"]]);
    });
  });

  // R40
  describe("clickable numbers", () => {
    it("are switched on in the queue and off outside it, once each", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "presence", seq: 2, presence: NOT_READY });
      bench.told.channel.onEvent({ type: "presence", seq: 3, presence: NOT_READY });
      bench.told.channel.onEvent({ type: "presence", seq: 4, presence: READY });
      assert.deepEqual(clickable(), [false, true, false, true]);
    });
    it("are off while the server can't dial", async () => {
      await arrive({ capabilities: { canDial: false, missing: [{ code: "dial-no-presentation", message: "Brak prezentacji." }] } });
      assert.deepEqual(clickable(), [false]);
    });
    it("are off when the connection is lost", async () => {
      await arrive();
      bench.told.channel.onLink("lost");
      assert.equal(clickable().at(-1), false);
    });
    it("are nobody's business where the host can be asked nothing", async () => {
      bench.pane.start();
      bench.told.host.onReady({ problem: "cti-missing" });
      await settle();
      assert.deepEqual(clickable(), []);
      const [notice] = bench.store.get().notices;
      assert.deepEqual([notice.code, notice.message], ["cti-missing", "The page is not there."]);
    });
  });

  describe("asked whom a call is about", () => {
    const EWA = { recordId: "003000000000002AAA", objectType: "Contact", name: "Ewa Nowa", reason: "Telefon" };
    const call = { callId: "k1", callsId: 71, sipCallId: null, state: "ringing", direction: "inbound", number: "+48600100300", startedAt: "2026-03-04T10:15:00Z" };
    const popped = () => bench.host.filter(([method]) => method === "openRecord").map(([, recordId]) => recordId);
    it("opens the record that was chosen and ties the call to it", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "call", seq: 2, call });
      bench.pane.act.choose("k1", EWA);
      await settle();
      assert.deepEqual(popped(), [EWA.recordId]);
      assert.deepEqual(bench.commands("call.relate"), [{ type: "call.relate", callId: "k1", record: { recordId: EWA.recordId, objectType: "Contact" } }]);
    });
    it("names the phone's own call too, for the server's name of it may be another by then", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "call", seq: 2, call: { ...call, sipCallId: "abc" } });
      bench.pane.act.choose("k1", EWA);
      await settle();
      assert.deepEqual(bench.commands("call.relate").map(({ callId, sipCallId }) => [callId, sipCallId]), [["k1", "abc"]]);
    });
    it("says why the call could not be tied, and shows the record all the same", async () => {
      bench.answers["call.relate"] = () => {
        throw new ChannelError("record-not-readable", "Nie widzisz tego rekordu.");
      };
      await arrive();
      bench.told.channel.onEvent({ type: "call", seq: 2, call });
      bench.pane.act.choose("k1", EWA);
      await settle();
      assert.deepEqual(popped(), [EWA.recordId]);
      assert.ok(bench.codes().includes("record-not-readable"));
    });
    it("only opens the record of a call that the server does not know", async () => {
      await arrive();
      bench.pane.act.choose(null, EWA);
      await settle();
      assert.deepEqual(popped(), [EWA.recordId]);
      assert.deepEqual(bench.commands("call.relate"), []);
    });
  });

  describe("told to pop a record", () => {
    const call = { callId: "k1", callsId: 71, sipCallId: null, state: "ringing", direction: "inbound", number: "+48600100200", startedAt: "2026-03-04T10:15:00Z" };
    it("pops it once and reports it", async () => {
      await arrive();
      bench.told.channel.onEvent({ type: "call", seq: 2, call });
      const pop = { type: "pop", callId: "k1", recordId: "003000000000001AAA", objectType: "Contact", reason: "Telefon" };
      bench.told.channel.onEvent({ ...pop, seq: 3 });
      bench.told.channel.onEvent({ ...pop, seq: 4 });
      await settle();
      assert.deepEqual(bench.host.filter(([method]) => method === "openRecord"), [["openRecord", "003000000000001AAA"]]);
      assert.deepEqual(bench.commands("call.popped"), [{ type: "call.popped", callsId: 71, recordId: "003000000000001AAA" }]);
    });
    it("says so when the host does not open it", async () => {
      await arrive();
      bench.hostAnswer = async () => {
        throw new Error("refused");
      };
      bench.told.channel.onEvent({ type: "pop", seq: 3, callId: "k1", recordId: "003000000000001AAA" });
      await settle();
      assert.ok(bench.codes().includes("pop-failed"));
    });
  });

  describe("rung", () => {
    it("shows itself once and reports what the phone saw", async () => {
      await arrive();
      const call = { id: "p1", sipCallId: "s1", callsId: null, dialId: null, direction: "inbound", number: "+48600100200", state: "ringing", startedAt: bench.time.now(), answeredAt: null, endedAt: null };
      bench.told.phone.onCall(call);
      bench.told.phone.onCall({ ...call, state: "talking", answeredAt: bench.time.now() });
      bench.told.phone.onReport({ sipCallId: "s1", kind: "ringing", direction: "inbound", number: "+48600100200", at: "2026-03-04T10:15:00Z" });
      assert.equal(bench.host.filter(([method]) => method === "showPhone").length, 1);
      assert.ok(bench.host.some(([method, on]) => method === "showRinging" && on));
      assert.equal(bench.commands("call.report")[0].kind, "ringing");
    });
  });

  describe("whose phone stands on the desk", () => {
    const onTheDesk = () => {
      bench = workbench(DESK);
      bench.answers["phone.credentials"] = () => ({ kind: "desk", station: "40312", expiresAt: null });
    };
    it("hands it its own kind of credentials", async () => {
      onTheDesk();
      await arrive();
      assert.deepEqual(bench.phone, [["start", "40312"]]);
    });
    it("dials without a microphone, and asks about none", async () => {
      onTheDesk();
      bench.microphoneState = { state: "blocked", code: "mic-denied" };
      await arrive();
      bench.told.host.onNumberClicked("600 100 200", JAN);
      await settle();
      assert.deepEqual(bench.phone.at(-1), ["call", "+48600100200", "d1"]);
      assert.deepEqual([bench.streams(), bench.codes(), bench.store.get().microphone.state], [0, [], "unknown"]);
    });
    it("names a call as FCC does", async () => {
      onTheDesk();
      await arrive();
      const call = { id: "p1", sipCallId: null, callsId: 71, dialId: null, direction: "inbound", number: "+48600100200", state: "ringing", startedAt: bench.time.now(), answeredAt: null, endedAt: null };
      bench.told.phone.onCall(call);
      bench.told.channel.onEvent({ type: "pop", seq: 2, callId: "k1", recordId: "003000000000001AAA" });
      await settle();
      assert.deepEqual(bench.commands("call.popped"), [{ type: "call.popped", callsId: 71, recordId: "003000000000001AAA" }]);
    });
  });

  it("knows the phone's signalling apart from its registration", async () => {
    await arrive();
    bench.told.phone.onSignalling(false);
    assert.deepEqual([bench.store.get().signalling, bench.store.get().phone], [false, "registered"]);
    bench.told.phone.onSignalling(true);
    assert.equal(bench.store.get().signalling, true);
  });

  describe("asked for a status", () => {
    it("shows it as pending, then as the server has it", async () => {
      await arrive();
      bench.pane.act.chooseStatus(2);
      assert.equal(bench.store.get().pendingStatusId, 2);
      await settle();
      assert.equal(bench.store.get().presence.class, "notready");
      assert.equal(bench.store.get().pendingStatusId, null);
    });
    it("stays as it was when FCC refuses", async () => {
      await arrive();
      bench.answers["presence.set"] = () => {
        throw new ChannelError("presence-refused", "FCC nie zmieniło statusu.");
      };
      bench.pane.act.chooseStatus(2);
      await settle();
      assert.equal(bench.store.get().presence.class, "ready");
      assert.equal(bench.store.get().notices.at(-1).message, "FCC nie zmieniło statusu.");
    });
  });

  it("renews its session when the server says it is time", async () => {
    await arrive();
    bench.told.channel.onEvent({ type: "session.expiring", seq: 9, in: 300 });
    assert.deepEqual(bench.host.at(-1), ["renew"]);
  });

  it("says something a person can act on, whatever goes wrong", async () => {
    await arrive();
    bench.told.phone.onProblem("media-lost");
    bench.told.phone.onProblem("a-code-nobody-knows");
    const messages = bench.store.get().notices.map((notice) => notice.message);
    assert.ok(messages.some((message) => message.includes("utracono połączenie głosowe")));
    assert.ok(messages.some((message) => message.includes("a-code-nobody-knows")));
  });

  it("offers the way out with the notice: check the microphone, turn sound on, retry the phone", async () => {
    await arrive();
    for (const code of ["mic-denied", "sound-blocked", "phone-refused"]) bench.told.phone.onProblem(code);
    assert.deepEqual(bench.store.get().notices.map((notice) => notice.button.action), ["microphone.check", "sound.unlock", "phone.retry"]);
    bench.pane.act.noticeAction("sound.unlock");
    assert.deepEqual(bench.phone.at(-1), ["unlock"]);
    bench.pane.act.noticeAction("microphone.check");
    await settle();
    assert.ok(!bench.codes().includes("mic-denied"));
  });

  it("takes the notice about sound back when there is sound", async () => {
    await arrive();
    bench.told.phone.onProblem("sound-blocked");
    bench.told.phone.onSound();
    assert.deepEqual(bench.codes(), []);
  });

  it("ends its call, signs off and says farewell when its page goes away, and is there again when that is shown again", async () => {
    await arrive();
    bench.pane.leave();
    assert.deepEqual(bench.phone.slice(-2), [["hangUp"], ["stop"]]);
    assert.equal(bench.link, "closed");
    bench.pane.comeBack();
    assert.equal(bench.link, "open");
  });
  it("ignores an event of a newer server", async () => {
    await arrive();
    const before = bench.store.get();
    bench.told.channel.onEvent({ type: "something.new", seq: 12 });
    assert.equal(bench.store.get(), before);
  });
});
