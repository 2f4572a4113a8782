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
    gallery?.close();
    await browser?.close();
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

  it("draws a control for what the phone can, and for nothing else", async () => {
    const drawn = async (scene) => {
      await browser.open(`${gallery.url}?scene=${scene}&language=pl`, { width: 300, height: 640, scheme: "light" });
      return browser.evaluate(`[...document.querySelectorAll("button[data-testid]:not([data-testid^=key-]), input")].map((control) => control.dataset.testid)`);
    };
    assert.deepEqual(await drawn("talking"), ["mute", "hold", "keypad", "hangup", "status-button"]);
    assert.deepEqual(await drawn("ringing"), ["reject", "answer", "status-button"]);
    assert.deepEqual(await drawn("desk-phone"), ["dial-input", "dial-button", "status-button"]);
    assert.deepEqual(await drawn("desk-phone-ringing"), ["status-button"]);
    assert.deepEqual(await drawn("desk-phone-call"), ["hangup", "status-button"]);
    assert.deepEqual(await drawn("own-view"), []);
  });

  it("never puts what ends something where anything else is pressed on another screen; the menu is the test's after the next", async () => {
    const sizes = [[300, 640], [480, 420]];
    const resize = ([width, height]) => browser.page("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    const open = (scene) => browser.open(`${gallery.url}?scene=${scene}&language=pl`, { width: 300, height: 640, scheme: "light" });
    const ending = `[...document.querySelectorAll("[data-ends] button")].flatMap((button) => {
      const { left, y: above, width, height } = button.getBoundingClientRect();
      return [0.01, 0.25, 0.5, 0.75, 0.99].flatMap((x) => [0.02, 0.5, 0.98].map((y) => [Math.round(left + x * width), Math.round(above + y * height)]));
    })`;
    const points = [];
    for (const scene of ["ringing", "talking"]) {
      await open(scene);
      for (const [index, size] of sizes.entries()) {
        await resize(size);
        points[index] = [...(points[index] ?? []), ...await browser.evaluate(ending)];
      }
    }
    assert.deepEqual(points.map((found) => found.length), [30, 30]);
    for (const scene of Object.keys(scenes)) {
      if (scene === "menu" || scene === "over") continue;
      await open(scene);
      for (const [index, size] of sizes.entries()) {
        await resize(size);
        const covered = await browser.evaluate(`${JSON.stringify(points[index])}.map(([x, y]) => document.elementFromPoint(x, y)?.closest("button, input, a"))
          .filter((found) => found && !found.closest("[data-ends]")).map((found) => found.outerHTML.slice(0, 120))`);
        assert.deepEqual(covered, [], `${scene}, ${size}`);
        const elsewhere = (await browser.evaluate(ending)).filter(([x, y]) => !points[index].some(([left, above]) => Math.abs(left - x) < 20 && above === y));
        assert.deepEqual(elsewhere, [], `${scene}, ${size}`);
      }
    }
  });

  it("ends nothing at a double click: answering, dialling, hanging up, nor at Enter held down", async () => {
    const press = async (scene, testid, then) => {
      await browser.open(`${gallery.url}?scene=${scene}&language=pl`, { width: 300, height: 640, scheme: "light" });
      await then(await browser.evaluate(`(() => { const { left, top, width, height } = document.querySelector("[data-testid=${testid}]").getBoundingClientRect();
        return [0.05, 0.5, 0.95].map((x) => ({ x: left + x * width, y: top + height / 2 })); })()`));
      return browser.evaluate("window.pressed.filter((name) => name !== 'show')");
    };
    const mouse = (point, clickCount) => browser.page("Input.dispatchMouseEvent", { type: "mousePressed", button: "left", clickCount, ...point })
      .then(() => browser.page("Input.dispatchMouseEvent", { type: "mouseReleased", button: "left", clickCount, ...point }));
    for (const [scene, testid, act] of [["ringing", "answer", "answer"], ["ready-number", "dial-button", "dial"]]) {
      for (const which of [0, 1, 2]) {
        const pressed = await press(scene, testid, async (points) => {
          await mouse(points[which], 1);
          await mouse(points[which], 2);
        });
        assert.deepEqual(pressed, [act], `${testid} twice`);
      }
      const held = await press(scene, testid, async () => {
        await browser.evaluate(`document.querySelector("[data-testid=${testid}]").focus()`);
        for (const autoRepeat of [false, true, true]) {
          await browser.page("Input.dispatchKeyEvent", { type: "keyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r", autoRepeat });
        }
      });
      assert.deepEqual(held, [act], `Enter held down on ${testid}`);
    }
    for (const scene of ["wrap", "ready-after-call", "notready"]) {
      const pressed = await press("talking", "hangup", async (points) => {
        await mouse(points[1], 1);
        await browser.evaluate(`window.show("${scene}"); window.end()`);
        for (const point of points) await mouse(point, 2);
      });
      assert.deepEqual(pressed, ["hangUp"], `hang-up twice, then ${scene}`);
    }
  });

  it("takes no rejection for a moment where the menu went by itself, for it lay there", async () => {
    await browser.open(`${gallery.url}?scene=menu&language=pl`, { width: 300, height: 640, scheme: "light" });
    await browser.evaluate("window.show('ringing'); document.querySelector('[data-testid=reject]').click(); document.querySelector('[data-testid=answer]').click()");
    assert.deepEqual(await browser.evaluate("window.pressed"), ["answer"]);
  });

  it("asks before it goes away with a call in it, and only then", async () => {
    for (const [scene, asks] of [["talking", true], ["held-muted", true], ["calling", true], ["ringing", false], ["notready", false], ["wrap", false], ["other-pane-call", false]]) {
      await browser.open(`${gallery.url}?scene=${scene}&language=pl`, { width: 300, height: 640, scheme: "light" });
      await browser.page("Input.dispatchMouseEvent", { type: "mousePressed", button: "left", clickCount: 1, x: 150, y: 20 });
      await browser.page("Input.dispatchMouseEvent", { type: "mouseReleased", button: "left", clickCount: 1, x: 150, y: 20 });
      const questions = await browser.leave();
      assert.deepEqual(questions, asks ? ["beforeunload"] : [], scene);
    }
  });

  it("asks so in a frame of another site too, even a hidden one, once somebody has clicked in it", async () => {
    // A frame of another site hears of the mouse only once its own process has drawn it.
    const click = async () => {
      for (let tries = 0; tries < 200; tries += 1) {
        for (const type of ["mousePressed", "mouseReleased"]) await browser.page("Input.dispatchMouseEvent", { type, button: "left", clickCount: 1, x: 100, y: 60 });
        if (await browser.evaluate("document.activeElement?.tagName") === "IFRAME") return;
        await new Promise((done) => setTimeout(done, 50));
      }
      assert.fail("nobody could click in the frame");
    };
    const asked = [];
    for (const clicked of [true, false]) {
      await browser.open(`${gallery.url}around?scene=talking`, { width: 300, height: 640, scheme: "light" });
      if (clicked) await click();
      await browser.evaluate("document.querySelector('iframe').style.visibility = 'hidden'");
      asked.push(await browser.leave());
    }
    assert.deepEqual(asked, [["beforeunload"], []]);
  });

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
