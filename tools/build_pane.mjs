/**
 * Builds the pane: static/pane → static/dist, with hashed names, a manifest, and the licences of what is inside.
 *
 * Usage: node tools/build_pane.mjs [--out DIRECTORY]
 *
 * Of the Lightning Design System only the rules whose classes the pane names are taken, and of its icons only the symbols
 * the pane names, each unmodified.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { build, transform } from "esbuild";

const top = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const pane = join(top, "static", "pane");
const slds = join(top, "node_modules", "@salesforce-ux", "design-system");

const BUDGET_GZIP = 130_000;

/** @param {string|Uint8Array} content */
const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 12);

/** @param {string} folder @returns {Promise<string[]>} */
async function sources(folder) {
  const found = await readdir(folder, { recursive: true });
  return found.filter((name) => name.endsWith(".js")).map((name) => join(folder, name));
}

/**
 * The rules of a style sheet in which every class named begins with one of ours, at-rules looked into.
 *
 * @param {string} css minified
 * @param {Set<string>} used class names
 * @returns {string}
 */
export function cut(css, used) {
  let out = "";
  let at = 0;
  while (at < css.length) {
    const open = css.indexOf("{", at);
    const end = css.indexOf(";", at);
    if (open < 0) break;
    if (end >= 0 && end < open && css.slice(at, end).trimStart().startsWith("@")) {
      at = end + 1; // @charset, @import
      continue;
    }
    let depth = 1;
    let close = open + 1;
    for (; close < css.length && depth > 0; close += 1) {
      if (css[close] === "{") depth += 1;
      if (css[close] === "}") depth -= 1;
    }
    const head = css.slice(at, open).replace(/\/\*[\s\S]*?\*\//g, "").trim();
    const inner = css.slice(open + 1, close - 1);
    at = close;
    if (/^@(media|supports)/.test(head)) {
      const kept = cut(inner, used);
      if (kept) out += `${head}{${kept}}`;
    } else if (!head.startsWith("@")) {
      const selectors = splitSelectors(head).filter((selector) => {
        const classes = [...selector.matchAll(/\.(-?[_a-zA-Z][\w-]*)/g)].map((match) => String(match[1]));
        return classes.length > 0 && classes.every((name) => used.has(name));
      });
      if (selectors.length > 0) out += `${selectors.join(",")}{${inner}}`;
    }
  }
  return out;
}

/** @param {string} list @returns {string[]} */
function splitSelectors(list) {
  const parts = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < list.length; index += 1) {
    if (list[index] === "(") depth += 1;
    if (list[index] === ")") depth -= 1;
    if (list[index] === "," && depth === 0) {
      parts.push(list.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(list.slice(start));
  return parts;
}

/**
 * @param {string} sprite
 * @param {string[]} names
 */
function symbols(sprite, names) {
  const kept = names.map((name) => {
    const found = new RegExp(`<symbol[^>]*\\sid="${name}"[^>]*>[\\s\\S]*?</symbol>`).exec(sprite);
    if (!found) throw new Error(`no utility icon is called ${name}`);
    return found[0];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg"><!-- Salesforce Lightning Design System icons, CC BY-ND 4.0, unmodified: see licenses.txt -->${kept.join("")}</svg>\n`;
}

/** Icons are named as words in the sources: in `icon(context, "…")` or in a table or an option called icon or name. */
async function iconNames() {
  const sprite = await readFile(join(slds, "assets/icons/utility-sprite/svg/symbols.svg"), "utf8");
  const known = new Set([...sprite.matchAll(/<symbol[^>]*\sid="([\w]+)"/g)].map((match) => String(match[1])));
  const names = new Set();
  for (const file of await sources(join(pane, "screens"))) {
    const text = await readFile(file, "utf8");
    for (const line of text.split("\n")) {
      if (!/icon|_ICONS|name:/i.test(line)) continue;
      for (const match of line.matchAll(/"([a-z]+(?:_[a-z]+)*)"/g)) if (known.has(String(match[1]))) names.add(String(match[1]));
    }
  }
  return symbols(sprite, [...names].sort());
}

/** @param {string} out */
async function main(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  /** @type {Record<string, string>} */
  const manifest = {};
  const total = { files: 0, gzip: 0 };

  /** @param {string} name @param {string} content */
  async function emit(name, content) {
    const hashed = name.replace(/\.(\w+)$/, `.${hash(content)}.$1`);
    await writeFile(join(out, hashed), content);
    manifest[name] = hashed;
    total.files += 1;
    total.gzip += gzipSync(content, { level: 6 }).length;
    return hashed;
  }

  const icons = await emit("icons.svg", await iconNames());
  const worker = await build({ entryPoints: [join(pane, "beat.worker.js")], bundle: true, minify: true, write: false, target: "es2022" });
  const workerName = await emit("worker.js", String(worker.outputFiles[0]?.text));

  const script = await build({
    entryPoints: [join(pane, "main.js")],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    define: { __ICONS__: JSON.stringify(icons), __WORKER__: JSON.stringify(workerName), "process.env.NODE_ENV": '"production"' },
  });
  await emit("pane.js", `/*! licences: licenses.txt */${String(script.outputFiles[0]?.text)}`);

  const used = new Set();
  for (const file of await sources(pane)) {
    for (const match of (await readFile(file, "utf8")).matchAll(/slds-[\w-]+/g)) used.add(match[0]);
  }
  const whole = await readFile(join(slds, "assets/styles/salesforce-lightning-design-system.min.css"), "utf8");
  const version = JSON.parse(await readFile(join(slds, "package.json"), "utf8")).version;
  const own = await transform(await readFile(join(pane, "pane.css"), "utf8"), { loader: "css", minify: true });
  await emit("pane.css", `/*! Lightning Design System ${version}, a cut of it, BSD-3-Clause: see licenses.txt */${cut(whole, used)}\n${own.code}`);

  await writeFile(join(out, "licenses.txt"), await licences());
  await writeFile(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  process.stdout.write(`${total.files} files, ${total.gzip} bytes gzip\n`);
  if (total.gzip > BUDGET_GZIP) throw new Error(`the pane is over its budget of ${BUDGET_GZIP} bytes`);
}

const BSD3 = `Copyright (c) Salesforce, Inc. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following
conditions are met:
1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.
3. Neither the name of Salesforce, Inc. nor the names of its contributors may be used to endorse or promote products derived
   from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING,
BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT
SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE
OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`;

/** The licences of what the built files contain. */
async function licences() {
  const parts = [
    `Lightning Design System (style sheet, a cut of it)\nhttps://www.lightningdesignsystem.com\n\n${BSD3}`,
    `Lightning Design System icons (icons.*.svg: single symbols, unmodified), by Salesforce, Inc.\n\n${await readFile(join(slds, "assets/icons/License-for-icons.txt"), "utf8")}`,
  ];
  for (const name of ["jssip", "debug", "ms", "events", "sdp-transform", "lit", "lit-html"]) {
    const folder = join(top, "node_modules", name);
    let files;
    try {
      files = await readdir(folder);
    } catch {
      continue; // put in by its parent under another name, or not at all
    }
    const file = files.find((candidate) => /^licen[cs]e/i.test(candidate));
    const text = file ? await readFile(join(folder, file), "utf8") : JSON.parse(await readFile(join(folder, "package.json"), "utf8")).license;
    parts.push(`${name}\n\n${text}`);
  }
  return parts.join(`\n${"-".repeat(100)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: "string", default: join(top, "static", "dist") } } });
  await main(resolve(String(values.out)));
}
