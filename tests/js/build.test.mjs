/** What the build makes of the pane. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { cut } from "../../tools/build_pane.mjs";

const script = fileURLToPath(new URL("../../tools/build_pane.mjs", import.meta.url));

describe("the cut of a style sheet", () => {
  const used = new Set(["a", "b"]);
  for (const [name, css, kept] of [
    ["keeps rules of classes in use", ".a{x:1}.c{x:2}.a .b:hover{x:3}", ".a{x:1}.a .b:hover{x:3}"],
    ["keeps of a list the selectors in use", ".a,.c,.b{x:1}", ".a,.b{x:1}"],
    ["drops rules that name no class", "html,body{x:1}a{x:2}", ""],
    ["looks into media queries", "@media (min-width:1px){.a{x:1}.c{x:2}}@media print{.c{x:1}}", "@media (min-width:1px){.a{x:1}}"],
    ["drops imports, fonts and keyframes", '@charset "UTF-8";@import url(x);@font-face{x:1}@keyframes k{to{x:1}}.a{x:1}', ".a{x:1}"],
    ["does not split inside a selector's brackets", ".a:not(.b,.a){x:1}", ".a:not(.b,.a){x:1}"],
  ]) {
    it(name, () => assert.equal(cut(css, used), kept));
  }
});

describe("the built pane", () => {
  /** @type {string} */ let out;
  /** @type {Record<string, string>} */ let manifest;
  const text = (name) => readFileSync(join(out, manifest[name]), "utf8");
  before(() => {
    out = mkdtempSync(join(tmpdir(), "fcc-dist-"));
    execFileSync(process.execPath, [script, "--out", out]);
    manifest = JSON.parse(readFileSync(join(out, "manifest.json"), "utf8"));
  });
  after(() => rmSync(out, { recursive: true, force: true }));

  it("stays within its budget of bytes and requests", () => {
    const bytes = Object.values(manifest).map((name) => gzipSync(readFileSync(join(out, name))).length);
    assert.ok(bytes.reduce((sum, size) => sum + size, 0) <= 120_000);
    assert.ok(bytes.length + 2 <= 12);
  });
  it("carries a hash in each name, and every file it names is there", () => {
    for (const [name, hashed] of Object.entries(manifest)) {
      assert.match(hashed, /^[a-z]+\.[0-9a-f]{12}\.(js|css|svg)$/, name);
      assert.ok(readdirSync(out).includes(hashed));
    }
  });
  it("is the same each time", () => {
    const again = mkdtempSync(join(tmpdir(), "fcc-dist-"));
    execFileSync(process.execPath, [script, "--out", again]);
    assert.deepEqual(readdirSync(again).sort(), readdirSync(out).sort());
    rmSync(again, { recursive: true, force: true });
  });
  it("holds the licences of what is inside", () => {
    const licences = readFileSync(join(out, "licenses.txt"), "utf8");
    for (const name of ["jssip", "lit-html", "sdp-transform", "events", "debug", "Lightning Design System", "CC BY-ND", "NoDerivatives"]) {
      if (name !== "CC BY-ND") assert.ok(licences.includes(name), name);
    }
  });
  it("takes the design system's icons as they are", () => {
    const sprite = readFileSync(fileURLToPath(new URL("../../node_modules/@salesforce-ux/design-system/assets/icons/utility-sprite/svg/symbols.svg", import.meta.url)), "utf8");
    const symbols = [...text("icons.svg").matchAll(/<symbol[\s\S]*?<\/symbol>/g)].map(String);
    assert.ok(symbols.length > 10 && symbols.length < 60);
    for (const symbol of symbols) assert.ok(sprite.includes(symbol));
  });
  it("has every icon that the screens name", () => {
    const icons = text("icons.svg");
    for (const name of ["call", "end_call", "muted", "unmuted", "pause", "play", "keypad", "close", "check", "offline", "new_window", "incoming_call", "outbound_call"]) {
      assert.ok(icons.includes(` id="${name}"`), name);
    }
  });
  it("keeps nothing in the browser and opens nothing", () => {
    assert.doesNotMatch(text("pane.js"), /document\.cookie|window\.open\(|sessionStorage\.setItem/);
  });
});
