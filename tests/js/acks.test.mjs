/** The ACKs of a call whose connection breaks: the pane's phone with JsSIP itself in it; the test plays the socket and FCC. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { answer, connectedPhone, header, SDP, settle } from "./sip.mjs";
import { FakeSocket } from "./support.mjs";

const number = (text) => Number(header(text, "CSeq").split(" ")[0]);
const tag = (text, name) => /;tag=([^;]+)/.exec(header(text, name))?.[1];

describe("an ACK", () => {
  let bench;
  beforeEach(async () => {
    bench = await connectedPhone();
  });
  afterEach(() => bench.done());

  const acks = () => bench.said("ACK").map(number);
  const ways = [
    ["out", async () => bench.hears(await bench.dials())],
    ["in", async () => {
      await bench.isAsked("INVITE");
      await bench.answers();
    }],
  ];

  for (const [way, begin] of ways) {
    it(`to a hold that went down with the connection is said again over the next one, in a call ${way}`, async () => {
      await begin();
      const yes = await bench.turns(true);
      await bench.hears(yes);
      const lost = bench.said("ACK").at(-1);
      assert.equal(number(lost), number(yes));
      await bench.drops();
      await bench.connectsAgain();
      assert.deepEqual(bench.said("ACK"), [lost]);
      assert.ok(FakeSocket.last().sent[0].startsWith("ACK "), "before anything else is said");
      assert.deepEqual([bench.calls.at(-1).state, bench.calls.at(-1).held], ["talking", true]);
    });

    it(`is said once more for each 2xx that FCC repeats over another connection, in a call ${way}`, async () => {
      await begin();
      const yes = await bench.turns(true);
      await bench.hears(yes);
      await bench.drops();
      await bench.connectsAgain();
      await bench.hears(yes);
      await bench.hears(yes);
      assert.deepEqual(acks(), [number(yes), number(yes), number(yes)]);
    });

    it(`is said for a 2xx that comes only over the next connection, under its own number, in a call ${way}`, async () => {
      await begin();
      const late = await bench.turns(true);
      await bench.drops();
      await bench.connectsAgain();
      const again = bench.said("INVITE").at(-1);
      assert.ok(number(again) > number(late), "how things stand is offered again");
      const before = acks().length;
      await bench.hears(late);
      const [made] = bench.said("ACK").slice(before);
      assert.equal(header(made, "CSeq"), `${number(late)} ACK`);
      assert.deepEqual([tag(made, "From"), tag(made, "To"), header(made, "Call-ID")], [tag(late, "From"), tag(late, "To"), header(late, "Call-ID")]);
      assert.deepEqual([header(made, "Route"), made.split(" ")[1]], [header(again, "Route"), again.split(" ")[1]]);
      assert.notEqual(header(made, "Via"), header(late, "Via"));
      assert.deepEqual([header(made, "Content-Length"), header(made, "Content-Type")], ["0", ""]);
      await bench.hears(answer(again, "200 OK", { body: SDP, to: header(again, "To") }));
      assert.equal(acks().at(-1), number(again));
    });
  }

  it("to the answer of a call out is said again over the next connection", async () => {
    const yes = await bench.dials();
    await bench.hears(yes);
    assert.deepEqual(acks(), [number(yes)]);
    await bench.drops();
    await bench.connectsAgain();
    assert.deepEqual(acks(), [number(yes)]);
    await bench.hears(yes);
    assert.deepEqual(acks(), [number(yes), number(yes)]);
    assert.equal(bench.calls.at(-1).state, "talking");
  });

  it("keeps the number of its INVITE whatever was asked meanwhile", async () => {
    await bench.hears(await bench.dials());
    const yes = await bench.turns(true);
    await bench.hears(yes);
    bench.phone.tone("5");
    await settle();
    assert.ok(number(bench.said("INFO")[0]) > number(yes));
    await bench.drops();
    await bench.connectsAgain();
    assert.deepEqual(acks(), [number(yes)]);
  });

  it("is said once for each 2xx that comes over the connection of its INVITE", async () => {
    await bench.hears(await bench.dials());
    const yes = await bench.turns(true);
    await bench.hears(yes);
    await bench.hears(yes);
    assert.equal(acks().filter((one) => one === number(yes)).length, 2);
  });

  it("is said again no longer than FCC waits for it", async () => {
    await bench.hears(await bench.dials());
    await bench.passes(32_000);
    await bench.drops();
    await bench.connectsAgain();
    assert.deepEqual(acks(), []);
  });

  it("is no answer to what is not of this call", async () => {
    await bench.hears(await bench.dials());
    const yes = await bench.turns(true);
    await bench.hears(yes);
    await bench.drops();
    await bench.connectsAgain();
    const before = acks().length;
    await bench.hears(yes.replace(/tag=fcc1/, "tag=another"));
    await bench.hears(yes.replace(/^Call-ID: .*$/im, "Call-ID: another"));
    await bench.hears(yes.replace("200 OK", "180 Ringing"));
    await bench.hears(yes.replace(/ INVITE\r/, " UPDATE\r"));
    assert.equal(acks().length, before);
  });
});
