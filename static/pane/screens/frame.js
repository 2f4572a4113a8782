/** What stands around every screen: the strip and head on top, notices, and the status at the bottom right. */
import { html, nothing } from "lit/html.js";

import { formatDuration } from "../format.js";
import { isUp } from "../state/view.js";
import { icon, statusName } from "./parts.js";

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("./parts.js").Template} Template */
/** @typedef {import("../state/view.js").View} View */

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
export function head(context, seen) {
  const { agent, t } = context;
  return html`
    <header class="head">
      <span class="head-name slds-truncate" title=${agent.name}>${agent.name}</span>
      ${agent.extension ? html`<span class="head-extension">${t("extension", { extension: agent.extension })}</span>` : nothing}
      <span class="head-space"></span>
      <span class="link-state link-${seen.link}" role="img" aria-label=${t(`link-${seen.link}`)} title=${t(`link-${seen.link}`)}>
        ${seen.link === "open" ? html`<i></i><i></i><i></i>` : icon(context, "offline")}
      </span>
      ${seen.link === "lost" ? html`<span class="link-word">${t("link-lost")}</span>` : nothing}
    </header>`;
}

/**
 * What a lost link means for a call: only what is known of its sound is said.
 *
 * @param {import("../state/view.js").CallView|null} call
 */
function lostText(call) {
  if (!call?.here) return "link-lost-idle";
  if (!isUp(call)) return call.direction === "outbound" ? "link-lost-calling" : "link-lost-ringing";
  return call.silent ? "link-lost-silent" : "link-lost-call";
}

const TONE_ICONS = { error: "error", warning: "warning", info: "info" };

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
export function notices(context, seen) {
  const { t, act } = context;
  const lost = seen.link === "lost";
  const over = seen.state.link === "over" || seen.state.link === "refused";
  return html`
    <div class="notices">
      ${lost
        ? html`<div class="notice notice-warning" role="status" data-testid="notice" data-code="link-lost">${icon(context, "offline")}
            <div class="notice-body"><p>${t(lostText(seen.call))}</p>
              ${seen.lostLong && !seen.call
                ? html`<button type="button" class="slds-button slds-button_neutral small" @click=${act.signIn}>${t("over-button")}</button>`
                : nothing}
            </div></div>`
        : nothing}
      ${over
        ? html`<div class="notice notice-warning" role="status" data-testid="notice" data-code="session-over-call">${icon(context, "lock")}
            <div class="notice-body"><p>${t("session-over-call")}</p></div></div>`
        : nothing}
      ${seen.state.notices.map((notice) => html`
        <div class="notice notice-${notice.tone}" role=${notice.tone === "error" ? "alert" : "status"} data-testid="notice" data-code=${notice.code}>
          ${icon(context, TONE_ICONS[notice.tone])}
          <div class="notice-body">
            <p>${notice.message}${notice.tone === "error" ? html` <small class="notice-code">${t("notice-code", { code: notice.code })}</small>` : nothing}</p>
            ${notice.button
              ? html`<button type="button" class="slds-button slds-button_neutral small" @click=${() => notice.button && act.noticeAction(notice.button.action)}>${notice.button.label}</button>`
              : nothing}
          </div>
          <button type="button" class="slds-button notice-close" aria-label=${t("notice-close")} title=${t("notice-close")}
            @click=${() => act.closeNotice(notice.code)}>${icon(context, "close")}</button>
        </div>`)}
    </div>`;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
export function elsewhere(context, seen) {
  const { t, act } = context;
  return html`
    <section class="card elsewhere">
      <div class="row">${icon(context, "new_window")}<div class="row-text"><b>${t("other-title")}</b>
        <small>${t(!seen.call ? "other-text" : isUp(seen.call) ? "takeover-call" : "takeover-ringing")}</small></div></div>
      ${seen.call
        ? nothing
        : html`<button type="button" class="slds-button slds-button_neutral wide" data-testid="takeover" @click=${act.takeOver}>${t("takeover")}</button>`}
    </section>`;
}

const PHONE_ICONS = { registered: "call", connecting: "refresh", unregistered: "end_call", failed: "error", "other-pane": "new_window", "call-here": "call" };

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
export function foot(context, seen) {
  return html`
    <footer class="foot">
      <span class="phone-state phone-${seen.phone}">${icon(context, PHONE_ICONS[seen.phone])}<span>${context.t(`phone-${seen.phone}`)}</span></span>
      ${seen.controls.has("status") ? statusControl(context, seen) : nothing}
    </footer>`;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
function statusControl(context, seen) {
  const { t, act } = context;
  const { presence, state } = seen;
  const pending = state.statuses.find((status) => status.id === state.pendingStatusId) ?? null;
  const shown = pending ?? presence;
  const word = statusName(context, shown, state.statuses);
  const time = presence && !pending
    ? formatDuration(presence.class === "wrap" && seen.wrap?.left != null ? seen.wrap.left : seen.presenceFor)
    : "";
  return html`
    ${state.menuOpen ? menu(context, seen) : nothing}
    <button type="button" class="slds-button status" data-testid="status-button" data-class=${shown?.class ?? nothing}
      aria-haspopup="menu" aria-expanded=${state.menuOpen ? "true" : "false"}
      ?disabled=${!presence || seen.link !== "open" || seen.choices.length === 0}
      aria-busy=${pending ? "true" : "false"} @click=${() => act.menu(!state.menuOpen)}>
      <span class="slds-assistive-text">${t("status-button")}</span><i class="dot"></i><span class="status-word">${word}</span><span class="status-time">${time}</span>${icon(context, "chevronup")}
    </button>`;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
function menu(context, seen) {
  const { t, act } = context;
  const choose = (/** @type {number} */ id) => () => act.chooseStatus(id);
  return html`
    <div class="menu-veil" @click=${() => act.menu(false)}></div>
    <div class="menu" role="menu" aria-label=${t("status-menu")} data-testid="status-menu" @keydown=${(/** @type {KeyboardEvent} */ event) => walk(event, act)}>
      ${seen.choices.map((status) => {
        const chosen = seen.presence?.id === status.id;
        return html`
          <button type="button" class="slds-button menu-item" role="menuitemradio" aria-checked=${chosen ? "true" : "false"} tabindex="-1"
            data-testid="status-item-${status.class}" data-class=${status.class} data-status-id=${status.id} @click=${choose(status.id)}>
            <i class="dot"></i><span>${statusName(context, status, seen.state.statuses)}</span>${chosen ? icon(context, "check") : nothing}
          </button>`;
      })}
    </div>`;
}

/**
 * @param {KeyboardEvent} event
 * @param {import("./port.js").Actions} act
 */
function walk(event, act) {
  const items = /** @type {HTMLElement[]} */ ([.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role=menuitemradio]")]);
  const at = items.indexOf(/** @type {HTMLElement} */ (event.target));
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[to]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    act.menu(false);
  }
}
