/** The whole pane: chooses the screen, draws it, and tells a screen reader what changed. */
import { keyed } from "lit/directives/keyed.js";
import { html, nothing, render } from "lit/html.js";

import { view } from "../state/view.js";
import { ringing, talking } from "./call.js";
import { elsewhere, foot, head, notices } from "./frame.js";
import { idle } from "./idle.js";
import { numberOf, outcomeText } from "./parts.js";
import { over, refused, starting } from "./session.js";
import { wrap } from "./wrap.js";

/** How long what ends something takes no click where the menu has just gone by itself, for it lay above. */
const DEAF_FOR = 700;

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("../state/view.js").View} View */

/**
 * @typedef {object} MountOptions
 * @property {HTMLElement} root
 * @property {Document} document
 * @property {import("../state/store.js").PaneStore} store
 * @property {import("./port.js").Actions} act
 * @property {import("../i18n/index.js").Translate} t
 * @property {{name: string, extension: string|null}} agent
 * @property {string} icons
 * @property {() => number} now
 */

/**
 * @param {MountOptions} options
 * @returns {{draw: () => void}} `draw` again when time went by
 */
export function mount({ root, document, store, act, t, agent, icons, now }) {
  let menuWas = false; // open when drawn last
  let screenWas = ""; // drawn last
  let callWas = ""; // key of this phone's call when drawn last
  let spoken = ""; // the last word of a call for a screen reader
  let deafUntil = -Infinity; // what ends something takes no click until then

  function draw() {
    const state = store.get();
    const seen = view(state, now());
    /** @type {Context} */
    const context = { t, act, agent, icons, time: now() + state.clockOffset };
    const hadFocus = root.contains(document.activeElement);
    document.documentElement.dataset.phone = seen.phone;
    document.documentElement.dataset.presence = seen.presence?.class ?? "";
    document.documentElement.dataset.screen = seen.screen;
    render(page(context, seen, announcement(context, seen)), root);
    const callHere = seen.call?.here ? seen.call.key : "";
    if (menuWas && !state.menuOpen && callHere !== callWas) deafUntil = now() + DEAF_FOR;
    callWas = callHere;
    followFocus(state.menuOpen, seen.screen, hadFocus);
  }

  /**
   * @param {boolean} menuOpen
   * @param {string} screen
   * @param {boolean} hadFocus
   */
  function followFocus(menuOpen, screen, hadFocus) {
    if (menuOpen && !menuWas) {
      const item = root.querySelector("[role=menuitemradio][aria-checked=true]") ?? root.querySelector("[role=menuitemradio]");
      /** @type {HTMLElement|null} */ (item)?.focus();
    } else if (!menuOpen && menuWas && hadFocus) {
      /** @type {HTMLElement|null} */ (root.querySelector("[data-testid=status-button]"))?.focus();
    } else if (screen !== screenWas && hadFocus && !root.contains(document.activeElement)) {
      /** @type {HTMLElement|null} */ (root.querySelector("h1"))?.focus();
    }
    menuWas = menuOpen;
    screenWas = screen;
  }

  /**
   * What a screen reader says when the call moves on.
   *
   * @param {Context} context
   * @param {View} seen
   */
  function announcement(context, seen) {
    const call = seen.call;
    if (call) {
      const who = call.party?.name ?? numberOf(context, call);
      const word = seen.screen === "ringing" ? t("state-ringing-in")
        : seen.screen === "calling" ? t(call.state === "calling" ? "state-calling" : "state-ringing-out")
        : t(call.state === "held" ? "state-held" : "state-talking");
      spoken = `${word}: ${who}`;
    } else if (seen.lastCall && spoken) {
      spoken = `${t("state-ended")}: ${outcomeText(context, seen.lastCall)}`;
    }
    return spoken;
  }

  document.addEventListener("keydown", (event) => {
    const { keypadOpen } = store.get();
    const typing = /** @type {HTMLElement} */ (event.target).tagName === "INPUT";
    if (keypadOpen && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && /^[0-9*#]$/.test(event.key)) act.tone(event.key);
  });
  root.addEventListener("click", (event) => {
    if (now() >= deafUntil || !(/** @type {HTMLElement} */ (event.target).closest("[data-ends]"))) return;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
  store.subscribe(draw);
  draw();
  return { draw };
}

/**
 * @param {Context} context
 * @param {View} seen
 * @param {string} spoken
 */
function page(context, seen, spoken) {
  const { body, ends = nothing, begins = nothing } = content(context, seen);
  const working = seen.screen !== "starting" && seen.screen !== "over" && seen.screen !== "refused";
  return html`
    <div class="pane" data-class=${seen.presence?.class ?? nothing}>
      <div class="strip" aria-hidden="true"></div>
      ${head(context, seen)}
      <main class="main main-${seen.screen} ${seen.call && seen.state.keypadOpen ? "main-pad" : ""}">
        ${seen.screen === "idle" || seen.screen === "starting" ? html`<h1 class="slds-assistive-text" tabindex="-1">WebPhone</h1>` : nothing}
        ${seen.screen === "over" || seen.screen === "refused" ? nothing : notices(context, seen)}
        ${working && seen.elsewhere ? elsewhere(context, seen) : nothing}
        ${body}
      </main>
      <div class="actions ${ends === nothing && begins === nothing ? "actions-none" : ""}">
        <div class="actions-end" data-ends>${keyed(seen.screen === "ringing", ends)}</div>
        <div class="actions-begin">${keyed(seen.screen, begins)}</div>
      </div>
      ${seen.screen === "over" || seen.screen === "refused" ? nothing : foot(context, seen)}
      <div class="slds-assistive-text" role="status" aria-live="polite">${spoken}</div>
    </div>`;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {import("./parts.js").Content}
 */
function content(context, seen) {
  switch (seen.screen) {
    case "starting":
      return starting(context);
    case "over":
      return over(context);
    case "refused":
      return refused(context);
    case "wrap":
      return wrap(context, seen);
    case "ringing":
      return seen.call ? ringing(context, seen, seen.call) : idle(context, seen);
    case "calling":
    case "talking":
      return seen.call ? talking(context, seen, seen.call) : idle(context, seen);
    default:
      return idle(context, seen);
  }
}
