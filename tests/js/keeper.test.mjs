/** The phone's life in a pane: when it is started, with what, how often again, and when it is given up. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import { ChannelError } from "../../static/pane/channel.js";
import { createKeeper } from "../../static/pane/phone/keeper.js";
import { initialState, reduce } from "../../static/pane/state/reducer.js";
import { createStore } from "../../static/pane/state/store.js";
import { DrivenTime, settle } from "./support.mjs";

const NOON = Date.parse("2026-03-04T12:00:00Z");
const iso = (milliseconds) => new Date(milliseconds).toISOString();

describe("the keeper of the phone", () => {
  let time;
  let store;
  let asked;
  let started;
  let answer;
  let inCall;
  let open;
  let keeper;
  beforeEach(() => {
    time = new DrivenTime(NOON);
    store = createStore(reduce, initialState);
    asked = [];
    started = [];
    answer = async () => ({ kind: "sip", expiresAt: null });
    inCall = false;
    open = true;
    let on = false;
    keeper = createKeeper({
      store,
      now: time.now,
      inCall: () => inCall,
      notices: { tell: () => undefined, tellError: () => undefined, close: () => undefined },
      channel: {
        isOpen: () => open,
        request: (type, fields) => {
          asked.push([type, fields?.fence]);
          return answer(type);
        },
      },
      phone: {
        kind: "sip",
        started: () => on,
        start(credentials) {
          on = true;
          started.push(credentials);
        },
        stop() {
          on = false;
          started.push("stop");
        },
        tick: () => undefined,
      },
    });
  });
  const passes = async (milliseconds) => {
    time.move(milliseconds);
    keeper.tick();
    await settle();
  };
  const leads = async (fence = 1) => {
    keeper.lead(true, fence);
    await settle();
  };

  it("asks once under one fence, however often it is told that it leads", async () => {
    keeper.lead(true, 1);
    keeper.lead(true, 1);
    await settle();
    keeper.lead(true, 1);
    assert.deepEqual([asked, started.length], [[["phone.credentials", 1]], 1]);
  });

  it("starts nothing with an answer that comes when the lead is over", async () => {
    let give = () => undefined;
    answer = () => new Promise((resolve) => {
      give = () => resolve({ expiresAt: null });
    });
    keeper.lead(true, 1);
    keeper.lead(false, 2);
    give();
    await settle();
    assert.deepEqual(started, ["stop"]);
  });

  it("asks for other credentials a minute before they end, by the server's clock", async () => {
    store.dispatch({ type: "snapshot", snapshot: { presence: null, statuses: [], calls: [], capabilities: { canDial: true, missing: [] }, leader: true }, clockOffset: 3_600_000 });
    answer = async () => ({ expiresAt: iso(NOON + 3_600_000 + 600_000) });
    await leads();
    await passes(539_000);
    assert.equal(asked.length, 1);
    await passes(2_000);
    assert.equal(asked.length, 2);
  });

  it("does not disturb a call for them, and asks after it", async () => {
    answer = async () => ({ expiresAt: iso(NOON + 600_000) });
    await leads();
    inCall = true;
    await passes(700_000);
    assert.equal(asked.length, 1);
    inCall = false;
    await passes(1_000);
    assert.equal(asked.length, 2);
  });

  it("leaves credentials that are over already to the phone", async () => {
    answer = async () => ({ expiresAt: iso(NOON - 1) });
    await leads();
    await passes(600_000);
    assert.deepEqual([asked.length, started.length], [1, 1]);
  });

  it("tries again after 1, 2, 5, 10, then each 30 s, and from the beginning once the phone has worked", async () => {
    const good = answer;
    answer = async () => {
      throw new ChannelError("fcc-unreachable", "Centrala nie odpowiada.");
    };
    await leads();
    for (const seconds of [1, 2, 5, 10, 30, 30]) {
      const before = asked.length;
      await passes(seconds * 1000 - 1);
      assert.equal(asked.length, before, `before ${seconds} s`);
      await passes(1);
      assert.equal(asked.length, before + 1, `after ${seconds} s`);
    }
    answer = good;
    await passes(30_000);
    keeper.onPhase("registered", null);
    keeper.onPhase("failed", "phone-failed");
    const before = asked.length;
    await passes(1_000);
    assert.equal(asked.length, before + 1);
  });

  it("waits for the channel, and tries at once when it is back", async () => {
    answer = async () => {
      throw new ChannelError("no-connection");
    };
    await leads();
    assert.equal(store.get().phone, "connecting");
    open = false;
    await passes(60_000);
    assert.equal(asked.length, 1);
    keeper.greeted({ leader: true, fence: 1 });
    await settle();
    assert.equal(asked.length, 2);
  });

  it("starts no phone with the credentials of another kind, and asks again later", async () => {
    answer = async () => ({ kind: "desk", expiresAt: null });
    await leads();
    assert.deepEqual([started, store.get().phone], [[], "failed"]);
    answer = async () => ({ kind: "sip", expiresAt: null });
    await passes(1_000);
    assert.equal(started.length, 1);
  });

  it("takes credentials that say no kind as a SIP phone's", async () => {
    answer = async () => ({ expiresAt: null });
    await leads();
    assert.equal(started.length, 1);
  });

  it("tries no more once another pane leads", async () => {
    answer = async () => {
      throw new ChannelError("fcc-unreachable", "Centrala nie odpowiada.");
    };
    await leads();
    keeper.lead(false, 2);
    await passes(60_000);
    assert.equal(asked.length, 1);
  });
});
