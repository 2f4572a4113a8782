/** Words, numbers and times on the screen. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

import { formatDuration, formatNumber, initials, isWithheld } from "../../static/pane/format.js";
import { words as openCti } from "../../static/pane/host/open-cti-words.js";
import { isKey, translator } from "../../static/pane/i18n/index.js";
import { en } from "../../static/pane/i18n/en.js";
import { pl } from "../../static/pane/i18n/pl.js";

const sources = () => {
  const folder = new URL("../../static/pane/", import.meta.url);
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js") && !name.startsWith("i18n"))
    .map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
};

describe("the translations", () => {
  it("have the same keys", () => assert.deepEqual(Object.keys(pl).sort(), Object.keys(en).sort()));

  it("have the same values to fill in", () => {
    const holes = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const key of Object.keys(pl)) assert.deepEqual(holes(pl[key]), holes(en[key]), key);
  });

  it("are not left empty and not left in the other language", () => {
    const equal = Object.keys(pl).filter((key) => pl[key] === en[key]);
    assert.deepEqual(equal.sort(), ["status-wrap", "type-Lead"]);
    for (const words of [pl, en]) for (const text of Object.values(words)) assert.ok(text.trim() !== "");
  });

  // R32, R33
  it("use the product's own Polish labels", () => {
    const t = translator("pl");
    assert.deepEqual([t("status-notready"), t("status-ready"), t("status-busy"), t("status-wrap"), t("hold")], ["Niegotowy", "W kolejce", "Zajęty", "WRAP", "Pauza"]);
  });

  it("are all used", () => {
    const text = sources();
    const composed = /^(?:status|phone|link|type|direction|outcome|log|state|mic|block|dial|click|reason)-/;
    const unused = Object.keys(pl).filter((key) => !composed.test(key) && !text.includes(`"${key}"`));
    assert.deepEqual(unused, []);
  });

  it("fill values in", () => assert.equal(translator("en-US")("unknown-error", { code: "x-1" }).includes("x-1"), true));
  it("fall back to English", () => assert.equal(translator("de")("hangup"), "Hang up"));
  it("know their keys, and not those of every object", () => {
    assert.equal(isKey("hangup"), true);
    assert.equal(isKey("toString"), false);
  });
});

describe("a host's words", () => {
  it("are said in both languages, and about nothing that the translations say", () => {
    const codes = Object.keys(openCti.pl);
    assert.deepEqual(codes, Object.keys(openCti.en));
    assert.deepEqual(codes.filter((code) => isKey(code) || openCti.pl[code] === openCti.en[code]), []);
  });
});

describe("numbers", () => {
  // One table for both sides: tests/unit/domain/test_phone_number.py reads it too.
  const { shown, withheld, notWithheld } = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url), "utf8"));

  for (const [number, text] of Object.entries(shown.byBoth)) {
    it(`${number} reads ${text}, as the server writes it`, () => assert.equal(formatNumber(number), text));
  }
  for (const number of Object.keys(shown.byServer)) {
    it(`${number} stays as it is until the server has written it`, () => assert.equal(formatNumber(number), number));
  }
  it("that are withheld are known by the words for it", () => assert.deepEqual(withheld.filter((number) => !isWithheld(number)), []));
  it("and names are shown", () => assert.deepEqual(notWithheld.filter(isWithheld), []));
});

describe("times", () => {
  for (const [milliseconds, shown] of [[0, "00:00"], [-5, "00:00"], [999, "00:00"], [61_000, "01:01"], [3_599_999, "59:59"], [3_729_000, "1:02:09"]]) {
    it(`${milliseconds} ms reads ${shown}`, () => assert.equal(formatDuration(milliseconds), shown));
  }
});

describe("initials", () => {
  for (const [name, shown] of [["Jan Kowalski", "JK"], ["Łukasz", "Ł"], ["ACME Polska sp. z o.o.", "AP"], ["00001234 Reklamacja", "0R"], ["", ""], ["– Żaneta", "Ż"]]) {
    it(`of "${name}" are "${shown}"`, () => assert.equal(initials(name), shown));
  }
});
