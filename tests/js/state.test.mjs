/** What the pane knows, and what it makes of it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { initialState, reduce } from "../../static/pane/state/reducer.js";
import { createStore } from "../../static/pane/state/store.js";
import { carriesCall, view } from "../../static/pane/state/view.js";
import { scenes, time } from "./gallery/scenes.js";
import { eventProblems } from "./schema.mjs";

/** @param {object[]} actions */
const after = (...actions) => actions.flat().reduce((state, action) => reduce(state, action), initialState);
const seen = (actions, now = time) => view(after(actions), now);
const phoneCallOf = (name) => scenes[name].find((action) => action.type === "phone.call").call;
const serverCallOf = (name) => scenes[name].find((action) => action.type === "snapshot").snapshot.calls[0];

describe("the screen", () => {
  const expected = {
    "starting": "starting", "notready": "idle", "ready-number": "idle", "ringing": "ringing", "ringing-unknown": "ringing", "calling": "calling",
    "talking": "talking", "held-muted": "talking", "wrap": "wrap", "other-pane": "idle", "other-pane-call": "talking", "link-lost": "talking",
    "over": "over", "refused": "refused", "menu": "idle", "cannot-dial": "idle",
  };
  for (const [scene, screen] of Object.entries(expected)) {
    it(`is "${screen}" when ${scene}`, () => assert.equal(seen(scenes[scene]).screen, screen));
  }

  it("stays on the call while the connection to the server is lost", () => {
    const lost = seen(scenes["link-lost"]);
    assert.equal(lost.link, "lost");
    assert.equal(lost.call?.here, true);
  });

  for (const link of ["over", "refused"]) {
    it(`stays on the call when the session is ${link}, and leaves it with its end`, () => {
      const talking = [...scenes.talking, { type: "link", link }];
      assert.equal(seen(talking).screen, "talking");
      const ended = { ...phoneCallOf("talking"), state: "ended", endedAt: time };
      assert.equal(seen([...talking, { type: "phone.call", call: ended }]).screen, link);
      assert.equal(seen([...scenes["other-pane-call"], { type: "link", link }]).screen, link);
    });
  }

  it("does not leave the signed-out screen by itself", () => {
    assert.equal(seen([...scenes.over, { type: "link", link: "open" }]).screen, "over");
  });
});

describe("the call on the screen", () => {
  it("takes its person from the server and its state from this pane's phone", () => {
    const call = seen(scenes.talking).call;
    assert.equal(call?.party?.name, "Jan Kowalski");
    assert.equal(call?.state, "talking");
    assert.equal(call?.here, true);
  });

  it("is joined by number and time while the server does not know the SIP call yet", () => {
    const server = { ...serverCallOf("talking"), sipCallId: null };
    assert.equal(seen([...scenes.talking, { type: "call", call: server }]).call?.party?.name, "Jan Kowalski");
  });

  it("is looked up until the server says that it has found out, or found nobody", () => {
    const call = { ...serverCallOf("talking"), party: null, candidates: [] };
    const told = (searching) => seen([...scenes.talking, { type: "call", call: { ...call, searching } }], time + 60_000).call?.searching;
    assert.equal(told(true), true);
    assert.equal(told(false), false);
  });

  it("is not joined with a call to another number, nor with one of long ago", () => {
    const other = { ...serverCallOf("talking"), sipCallId: null, number: "+48600100999" };
    const old = { ...serverCallOf("talking"), sipCallId: null, startedAt: new Date(time - 900_000).toISOString() };
    for (const server of [other, old]) {
      assert.equal(seen([...scenes.talking, { type: "call", call: server }]).call?.party, null);
    }
  });

  it("is over once this pane's phone ended it, though the server says so later", () => {
    const ended = { ...phoneCallOf("talking"), state: "ended", endedAt: time - 500, outcome: "ANSWERED" };
    const moment = seen([...scenes.talking, { type: "phone.call", call: ended }]);
    assert.equal(moment.call, null);
    assert.equal(moment.lastCall?.party?.name, "Jan Kowalski");
  });

  it("is shown as held in another pane's words when the phone is elsewhere", () => {
    const held = { ...serverCallOf("other-pane-call"), state: "held" };
    const moment = seen([...scenes["other-pane-call"], { type: "call", call: held }]);
    assert.equal(moment.call?.state, "held");
    assert.equal(moment.call?.here, false);
    assert.equal(moment.phone, "other-pane");
  });

  it("keeps the server's final outcome over the phone's provisional one", () => {
    const ended = { ...phoneCallOf("talking"), state: "ended", endedAt: time - 500, outcome: "NO ANSWER" };
    const final = { ...serverCallOf("talking"), state: "ended", endedAt: new Date(time).toISOString(), outcome: "BUSY" };
    const moment = seen([...scenes.talking, { type: "phone.call", call: ended }, { type: "call", call: final }]);
    assert.equal(moment.lastCall?.outcome, "BUSY");
  });
});

describe("a call that this pane carries", () => {
  it("keeps its phone when another pane took the phone over, until it ends", () => {
    const moment = seen(scenes["overtaken-call"]);
    assert.deepEqual([moment.phone, moment.elsewhere, moment.call?.here], ["call-here", false, true]);
    assert.deepEqual([moment.holdBlock, moment.askBlock], ["call-stays-here", null]);
    const ended = { ...phoneCallOf("talking"), state: "ended", endedAt: time };
    const later = seen([...scenes["overtaken-call"], { type: "phone.call", call: ended }]);
    assert.deepEqual([later.phone, later.elsewhere], ["other-pane", true]);
  });

  it("can ask FCC for nothing while the signalling is away, whatever the link", () => {
    assert.equal(seen(scenes["phone-lost"]).askBlock, "call-no-signalling");
    assert.equal(seen([...scenes["phone-lost"], { type: "signalling", up: true }]).askBlock, null);
    assert.deepEqual([seen(scenes["link-lost"]).askBlock, seen(scenes["link-lost"]).holdBlock], [null, null]);
    assert.equal(seen([...scenes["other-pane-call"], { type: "signalling", up: false }]).askBlock, null);
  });

  it("is what the page would take along when it goes away", () => {
    const carries = (name, more = {}) => carriesCall(after(scenes[name], ...(Object.keys(more).length > 0 ? [{ type: "phone.call", call: { ...phoneCallOf(name), ...more } }] : [])));
    assert.deepEqual([carries("talking"), carries("held-muted"), carries("calling"), carries("overtaken-call")], [true, true, true, true]);
    assert.deepEqual([carries("ringing"), carries("notready"), carries("other-pane-call"), carries("talking", { state: "ended" })], [false, false, false, false]);
  });
});

describe("a phone that can less", () => {
  it("offers what it can, and dials by a click all the same", () => {
    const desk = seen(scenes["desk-phone"]);
    assert.deepEqual([...desk.controls], ["dial", "status"]);
    assert.equal(desk.clickToDial, true);
  });
  it("has its call's sound elsewhere, so that the page may go and needs no microphone", () => {
    assert.equal(carriesCall(after(scenes["desk-phone-call"])), false);
    const blocked = { type: "microphone", microphone: { state: "blocked", code: "mic-denied" } };
    assert.deepEqual(seen([...scenes["desk-phone"], blocked]).dialBlocks, []);
  });
  it("that shows calls by itself leaves no control to the screens", () => {
    const own = seen(scenes["own-view"]);
    assert.deepEqual([[...own.controls], own.canDial, own.clickToDial], [[], true, true]);
  });
  it("that can't dial makes no number clickable", () => {
    const moment = seen([...scenes.menu, { type: "phone.can", can: ["answer", "status", "sound"] }]);
    assert.deepEqual([moment.canDial, moment.clickToDial], [false, false]);
  });
  it("has nothing to ask FCC for in a call, whatever the signalling", () => {
    assert.equal(seen([...scenes["desk-phone-call"], { type: "signalling", up: false }]).askBlock, null);
  });
  it("may know its call by FCC's own id", () => {
    const call = seen(scenes["desk-phone-call"]).call;
    assert.deepEqual([call?.party?.name, call?.here], ["Jan Kowalski", true]);
    const other = { ...serverCallOf("talking"), callsId: 72 };
    assert.equal(seen([...scenes["desk-phone-call"], { type: "call", call: other }]).call?.party, null);
  });
});

// R40
describe("clickable numbers in Salesforce", () => {
  it("are there in the queue with a phone that works", () => assert.equal(seen(scenes["menu"]).clickToDial, true));

  for (const scene of ["notready", "connecting", "cannot-dial", "mic-blocked", "talking", "wrap", "link-lost", "over", "starting", "ringing"]) {
    it(`are not there when ${scene}`, () => assert.equal(seen(scenes[scene]).clickToDial, false));
  }

  it("are there in a pane whose phone is in another one", () => assert.equal(seen(scenes["other-pane"]).clickToDial, true));
  it("are not there while a dial is under way", () => {
    assert.equal(seen([...scenes.menu, { type: "dialling", number: "600100200", since: time }]).clickToDial, false);
  });
});

describe("dialling by hand", () => {
  it("is possible outside the queue", () => assert.equal(seen(scenes.notready).canDial, true));
  it("names what is missing", () => {
    assert.deepEqual(seen(scenes.connecting).dialBlocks, ["block-phone-connecting"]);
    assert.deepEqual(seen(scenes["mic-blocked"]).dialBlocks, ["block-microphone"]);
    assert.deepEqual(seen(scenes["link-lost"]).dialBlocks, ["block-no-connection"]);
    assert.equal(seen(scenes["cannot-dial"]).dialReasons[0]?.code, "dial-no-presentation");
  });
});

// R39
describe("WRAP", () => {
  it("counts down to the end that FCC named", () => {
    const wrap = seen(scenes.wrap).wrap;
    assert.equal(wrap?.left, 12_000);
    assert.equal(wrap?.share, 0.6);
  });
  it("never goes below nought", () => assert.equal(seen(scenes.wrap, time + 60_000).wrap?.left, 0));
  it("has no countdown when FCC named no end", () => {
    const presence = { id: 4, class: "wrap", name: "WRAP", since: new Date(time).toISOString(), until: null };
    assert.deepEqual(seen([...scenes.notready, { type: "presence", presence }]).wrap, { left: null, share: null });
  });
  it("is measured by the server's clock", () => {
    const snapshot = scenes.wrap.map((action) => (action.type === "snapshot" ? { ...action, clockOffset: 5000 } : action));
    assert.equal(seen(snapshot).wrap?.left, 7000);
  });
});

describe("statuses", () => {
  it("offered are those an agent may choose", () => {
    assert.deepEqual(seen(scenes.menu).choices.map((status) => status.name), ["W kolejce", "Niegotowy", "Przerwa obiadowa", "Szkolenie"]);
  });
  it("asked for is shown as pending until the server says", () => {
    const asked = after(scenes.menu, { type: "presence.pending", statusId: 5 });
    assert.equal(asked.pendingStatusId, 5);
    assert.equal(asked.menuOpen, false);
    assert.equal(after(scenes.menu, { type: "presence.pending", statusId: 5 }, { type: "presence", presence: asked.presence }).pendingStatusId, null);
  });
});

describe("the reducer", () => {
  it("empties the dial field when the call it was typed for begins", () => {
    const state = after(scenes["ready-number"], { type: "phone.call", call: { ...phoneCallOf("calling"), state: "calling" } });
    assert.equal(state.dialText, "");
  });
  it("keeps one notice a code, the newest last", () => {
    const notice = (code, message) => ({ type: "notice", notice: { code, message, tone: "error", button: null } });
    const state = after(notice("a", "1"), notice("b", "2"), notice("a", "3"));
    assert.deepEqual(state.notices.map((known) => known.message), ["2", "3"]);
  });
  it("closes the keypad when the call ends", () => {
    const ended = { ...phoneCallOf("keypad"), state: "ended" };
    assert.equal(after(scenes.keypad, { type: "phone.call", call: ended }).keypadOpen, false);
  });
  it("holds a bounded number of calls", () => {
    const calls = Array.from({ length: 50 }, (_, index) => ({ type: "call", call: { ...serverCallOf("talking"), callId: `k${index}`, sipCallId: `s${index}` } }));
    assert.equal(after(calls).calls.length, 20);
  });
  it("knows a call that FCC told of for the one the phone told of", () => {
    const call = (callId, sipCallId) => ({ type: "call", call: { ...serverCallOf("talking"), callId, sipCallId } });
    const state = after(call("first", null), call("offered", "s1"), call("own", "s2"), call("offered", "s2"), call("other", null));
    assert.deepEqual(state.calls.map((known) => known.callId), ["first", "offered", "other"]);
  });
});

describe("the store", () => {
  it("tells its listeners of changes only", () => {
    const store = createStore(reduce, initialState);
    let told = 0;
    const stop = store.subscribe(() => (told += 1));
    store.dispatch({ type: "menu", open: false });
    assert.equal(told, 0);
    store.dispatch({ type: "menu", open: true });
    assert.equal(told, 1);
    stop();
    store.dispatch({ type: "menu", open: false });
    assert.equal(told, 1);
  });
});

describe("a lost connection", () => {
  it("does not flicker while the channel tries again and again", () => {
    const lost = [...scenes.menu, { type: "link", link: "lost", at: time - 30_000 }];
    const trying = seen([...lost, { type: "link", link: "connecting" }, { type: "link", link: "lost", at: time }]);
    assert.equal(trying.link, "lost");
    assert.equal(trying.lostLong, true);
    assert.equal(seen([...lost, { type: "link", link: "open" }]).lostLong, false);
  });
});

describe("a call made from a record", () => {
  const record = { recordId: "003000000000001AAA", objectType: "Contact", name: "Jan Kowalski" };
  const begun = { ...phoneCallOf("calling"), dialId: "d1", state: "calling" };
  const before = scenes.notready;

  it("shows the person at once, before the server has told of the call", () => {
    const call = seen([...before, { type: "dialled", dialId: "d1", record }, { type: "phone.call", call: begun }]).call;
    assert.equal(call?.party?.name, "Jan Kowalski");
    assert.equal(call?.known, false);
  });
  it("does not lend its person to the next call", () => {
    assert.equal(seen([...before, { type: "dialled", dialId: "d0", record }, { type: "phone.call", call: begun }]).call?.party, null);
  });
});

describe("the moments these tests and the gallery draw", () => {
  it("are what the server may send", () => {
    let seq = 0;
    for (const [name, actions] of Object.entries(scenes)) {
      for (const { type, snapshot } of actions) {
        if (type !== "snapshot") continue;
        const event = { seq: (seq += 1), type, at: new Date(time).toISOString(), fence: 1, ...snapshot };
        assert.equal(eventProblems(event), null, name);
      }
    }
  });
});
