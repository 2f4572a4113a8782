/** A headless Chromium driven over its own protocol, and a server for the gallery's pages. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

export const top = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

const FLAGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--remote-debugging-port=0", "about:blank",
];

/** How long Chromium may take over one command before it counts as gone. */
const PATIENCE = 30_000;

/** Serves the gallery under the pane's own Content-Security-Policy; needs the built style sheet and icons. */
export async function serveGallery() {
  const dist = join(top, "static", "dist");
  const names = await readdir(dist);
  const file = (/** @type {RegExp} */ pattern) => readFile(join(dist, names.find((name) => pattern.test(name)) ?? "missing"));
  const script = await build({ entryPoints: [join(top, "tests/js/gallery/page.js")], bundle: true, write: false, format: "esm", target: "es2022" });
  const html = '<!doctype html><html lang="pl"><head><meta charset="utf-8"><title>WebPhone</title><meta name="color-scheme" content="light dark">'
    + '<link rel="stylesheet" href="/pane.css"></head><body><div id="pane"></div><script type="module" src="/page.js"></script></body></html>';
  // Another site for a browser than the address the gallery is opened by; drawn once what is in the frame says so.
  const around = '<!doctype html><html lang="pl"><head><meta charset="utf-8"><title>Lightning</title></head><body style="margin:0">'
    + '<iframe title="WebPhone" width="300" height="600"></iframe><script>const frame = document.querySelector("iframe"); addEventListener("message", () => { document.documentElement.dataset.drawn = "yes"; });'
    + 'frame.src = `http://localhost:${location.port}/${location.search}`;</script></body></html>';
  const contents = {
    "/around": ["text/html; charset=utf-8", around],
    "/": ["text/html; charset=utf-8", html],
    "/page.js": ["text/javascript", script.outputFiles[0].contents],
    "/pane.css": ["text/css", await file(/^pane\..*\.css$/)],
    "/icons.svg": ["image/svg+xml", await file(/^icons\..*\.svg$/)],
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://gallery").pathname;
    const found = contents[path];
    response.writeHead(found ? 200 : 404, {
      "Content-Type": found?.[0] ?? "text/plain",
      ...(path === "/around" ? {} : { "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'" }),
    });
    response.end(found?.[1] ?? "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Starts Chromium; `close` ends it and forgets its profile. */
export async function startChromium() {
  const profile = await mkdtemp(join(tmpdir(), "fcc-gallery-"));
  const child = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", [`--user-data-dir=${profile}`, ...FLAGS], { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise((done, fail) => {
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found) done(found[1]);
    });
    child.on("exit", () => fail(new Error(`Chromium ended: ${text.slice(-500)}`)));
  });
  const socket = new WebSocket(address);
  await new Promise((done, fail) => {
    socket.addEventListener("open", done);
    socket.addEventListener("error", () => fail(new Error("Chromium does not take the connection")));
  });
  let counter = 0;
  const waiting = new Map();
  /** @type {string[]} */
  let asked = [];
  socket.addEventListener("close", () => {
    for (const { fail } of waiting.values()) fail(new Error("Chromium has gone"));
    waiting.clear();
  });
  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.method === "Page.javascriptDialogOpening") {
      asked.push(message.params.type);
      void page("Page.handleJavaScriptDialog", { accept: true });
    }
    const wait = waiting.get(message.id);
    if (!wait) return;
    waiting.delete(message.id);
    if (message.error) wait.fail(new Error(message.error.message));
    else wait.done(message.result);
  });
  const send = (method, params = {}, sessionId = undefined) => new Promise((done, fail) => {
    counter += 1;
    const id = counter;
    const timer = setTimeout(() => {
      waiting.delete(id);
      fail(new Error(`Chromium did not answer ${method}`));
    }, PATIENCE);
    const end = (/** @type {(value: any) => void} */ settle) => (/** @type {any} */ value) => {
      clearTimeout(timer);
      settle(value);
    };
    waiting.set(id, { done: end(done), fail: end(fail) });
    socket.send(JSON.stringify({ id, method, params, sessionId }));
  });
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const page = (method, params) => send(method, params, sessionId);
  await page("Page.enable");
  await page("Runtime.enable");
  return {
    page,
    async evaluate(expression) {
      const { result, exceptionDetails } = await page("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async open(url, { width, height, scheme }) {
      await page("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
      await page("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }],
      });
      await page("Page.navigate", { url });
      const deadline = Date.now() + 10_000;
      while (Date.now() < deadline) {
        const ready = await this.evaluate("document.documentElement?.dataset.drawn === 'yes' && document.readyState === 'complete'").catch(() => false);
        if (ready) return;
        await new Promise((done) => setTimeout(done, 20));
      }
      throw new Error(`not drawn: ${url}`);
    },
    /** Goes to an empty page; gives what the page asked before it went. */
    async leave() {
      asked = [];
      await page("Page.navigate", { url: "about:blank" });
      return asked;
    },
    async picture() {
      const { data } = await page("Page.captureScreenshot", { format: "png" });
      return Buffer.from(data, "base64");
    },
    async close() {
      socket.close();
      child.kill("SIGKILL");
      await new Promise((done) => (child.exitCode === null && child.signalCode === null ? child.on("exit", done) : done(undefined)));
      // Processes of other sites' frames end a moment later, and write until then.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
