/**
 * Pictures of every screen, into build/gallery; sheets of many beside them.
 *
 * Usage: node tests/js/gallery/shoot.mjs [scene …]
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { serveGallery, startChromium, top } from "./chromium.mjs";
import { scenes } from "./scenes.js";

const wanted = process.argv.slice(2);
const folder = join(top, "build", "gallery");
await mkdir(folder, { recursive: true });
const gallery = await serveGallery();
const browser = await startChromium();
try {
  const variants = [["pl", "light", 300], ["pl", "dark", 300], ["en", "light", 480], ["en", "dark", 480]];
  for (const [language, scheme, width] of variants) {
    const shots = [];
    for (const scene of Object.keys(scenes)) {
      if (wanted.length > 0 && !wanted.includes(scene)) continue;
      await browser.open(`${gallery.url}?scene=${scene}&language=${language}`, { width, height: 640, scheme });
      const picture = await browser.picture();
      await writeFile(join(folder, `${scene}-${language}-${scheme}-${width}.png`), picture);
      shots.push([scene, picture.toString("base64")]);
    }
    // A sheet: data from the pictures just taken, on a page of its own.
    const cells = shots.map(([scene, data]) => `<figure style="margin:0 10px 14px;display:inline-block"><figcaption style="font:12px sans-serif">${scene}</figcaption><img src="data:image/png;base64,${data}"></figure>`).join("");
    const columns = width === 300 ? 6 : 4;
    await browser.page("Emulation.setDeviceMetricsOverride", { width: columns * (width + 26), height: Math.ceil(shots.length / columns) * 690, deviceScaleFactor: 1, mobile: false });
    await browser.page("Page.navigate", { url: "about:blank" });
    await browser.evaluate(`document.body.style.cssText='margin:6px;background:#cfd6de';document.body.append(document.createRange().createContextualFragment(${JSON.stringify(cells)}));Promise.all([...document.images].map((i)=>i.decode()))`);
    await writeFile(join(folder, `sheet-${language}-${scheme}-${width}.png`), await browser.picture());
  }
} finally {
  await browser.close();
  gallery.close();
}
process.stdout.write(`${folder}\n`);
