/** Every screen in a real browser: nothing axe objects to, nothing cut off, nothing the page's own policy forbids. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { serveGallery, startChromium, top } from "./gallery/chromium.mjs";
import { scenes } from "./gallery/scenes.js";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const missing = !existsSync(chromium) ? "no Chromium on this machine" : !existsSync(join(top, "static/dist/manifest.json")) ? "the pane is not built" : false;

describe("every screen", { skip: missing }, () => {
  /** @type {any} */ let gallery;
  /** @type {any} */ let browser;
  let axe = "";
  before(async () => {
    [gallery, browser, axe] = await Promise.all([serveGallery(), startChromium(), readFile(join(top, "node_modules/axe-core/axe.min.js"), "utf8")]);
  });
  after(async () => {
    await browser?.close();
    gallery?.close();
  });

  for (const [language, scheme, width] of [["pl", "light", 300], ["pl", "dark", 480], ["en", "dark", 300], ["en", "light", 480]]) {
    it(`is accessible and whole: ${language}, ${scheme}, ${width} px`, async () => {
      for (const scene of Object.keys(scenes)) {
        await browser.open(`${gallery.url}?scene=${scene}&language=${language}`, { width, height: 640, scheme });
        await browser.evaluate(axe);
        const violations = await browser.evaluate(`axe.run(document, {resultTypes: ["violations"]}).then((found) =>
          found.violations.map((violation) => violation.id + ": " + violation.nodes.map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join(" | ")))`);
        assert.deepEqual(violations, [], scene);
        const wide = await browser.evaluate("document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll('.main,.menu')].some((part) => part.scrollWidth > part.clientWidth)");
        assert.equal(wide, false, `${scene} is wider than its frame`);
        const [bottom, right, high] = await browser.evaluate(`(() => {
          const status = document.querySelector("[data-testid=status-button]")?.getBoundingClientRect();
          return status ? [innerHeight - status.bottom, innerWidth - status.right, status.height] : [0, 0, 44];
        })()`);
        assert.ok(bottom >= 0 && bottom < 16 && right >= 0 && right < 16 && high >= 24, `${scene}: the status is not at the bottom right`);
      }
    });
  }

  it("writes data as text, whatever it holds", async () => {
    await browser.open(`${gallery.url}?scene=talking&language=pl&name=${encodeURIComponent("<img src=x onerror=window.hacked=1>")}`, { width: 300, height: 640, scheme: "light" });
    assert.equal(await browser.evaluate("document.querySelector('[data-testid=call-party]').textContent.includes('<img src=x')"), true);
    assert.equal(await browser.evaluate("document.querySelectorAll('img').length"), 0);
    assert.equal(await browser.evaluate("window.hacked"), undefined);
  });

  it("is worked by keyboard: the status menu opens on its choice, walks, closes and gives the focus back", async () => {
    await browser.open(`${gallery.url}?scene=notready&language=pl`, { width: 300, height: 640, scheme: "light" });
    const key = async (name) => {
      const code = { Enter: 13, ArrowDown: 40, Escape: 27 }[name];
      await browser.page("Input.dispatchKeyEvent", { type: "keyDown", key: name, code: name, windowsVirtualKeyCode: code, ...(name === "Enter" ? { text: "\r" } : {}) });
      await browser.page("Input.dispatchKeyEvent", { type: "keyUp", key: name, code: name, windowsVirtualKeyCode: code });
    };
    const focused = () => browser.evaluate("document.activeElement.dataset.testid");
    await browser.evaluate("document.querySelector('[data-testid=status-button]').focus()");
    await key("Enter");
    assert.equal(await focused(), "status-item-notready");
    await key("ArrowDown");
    assert.equal(await focused(), "status-item-pause");
    await key("Escape");
    assert.equal(await focused(), "status-button");
    assert.equal(await browser.evaluate("document.querySelectorAll('[role=menu]').length"), 0);
  });
});
