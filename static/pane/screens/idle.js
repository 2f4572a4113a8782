/** Nothing rings: the dial pad, the last call, and why something can't be done. */
import { html, nothing } from "lit/html.js";
import { live } from "lit/directives/live.js";

import { isKey } from "../i18n/index.js";
import { action, avatar, icon, keypad, logState, numberOf, outcomeText, talked } from "./parts.js";

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("./parts.js").Template} Template */
/** @typedef {import("../state/view.js").View} View */

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {import("./parts.js").Content}
 */
export function idle(context, seen) {
  const { t, act } = context;
  const pad = seen.controls.has("dial");
  return {
    body: html`
      ${hint(context, seen)}
      ${pad ? dialPad(context, seen) : nothing}
      ${lastCall(context, seen)}`,
    begins: !pad
      ? nothing
      : action(context, {
        kind: "call",
        icon: "call",
        label: t(seen.dialling ? "dial-button-busy" : "dial-button"),
        test: "dial-button",
        disabled: !seen.canDial || seen.state.dialText.trim() === "",
        ...(seen.canDial || seen.dialling ? {} : { describedBy: "dial-why" }),
        onClick: act.dial,
      }),
  };
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template}
 */
function dialPad(context, seen) {
  const { t, act } = context;
  const text = seen.state.dialText;
  const enter = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && seen.canDial) act.dial();
  };
  return html`
    <div class="dial">
      <label class="slds-assistive-text" for="dial-input">${t("dial-label")}</label>
      <input id="dial-input" class="slds-input dial-input" data-testid="dial-input" type="tel" inputmode="tel" autocomplete="off" spellcheck="false"
        placeholder=${t("dial-placeholder")} maxlength="40" .value=${live(text)}
        @input=${(/** @type {{target: HTMLInputElement}} */ event) => act.dialText(event.target.value)} @keydown=${enter}>
      ${text
        ? html`<button type="button" class="slds-button dial-erase" aria-label=${t("dial-erase")} title=${t("dial-erase")} @click=${act.erase}>${icon(context, "back")}</button>`
        : nothing}
    </div>
    ${keypad(context, act.press)}`;
}

/**
 * Why nothing can be dialled; else what to do to be rung.
 *
 * @param {Context} context
 * @param {View} seen
 * @returns {Template|typeof nothing}
 */
function hint(context, seen) {
  const { t } = context;
  if (!seen.can.has("dial")) return nothing;
  // A lost connection and a microphone that is withheld have a notice of their own.
  const told = new Set(["block-no-connection", ...(seen.state.notices.some((notice) => notice.code.startsWith("mic-")) ? ["block-microphone"] : [])]);
  const codes = seen.dialBlocks.filter((code) => !told.has(code));
  const reasons = seen.state.capabilities.canDial ? [] : seen.dialReasons;
  if (codes.length > 0 || reasons.length > 0) {
    return html`
      <div class="hint hint-blocked" id="dial-why" data-testid="dial-why">
        ${icon(context, "info")}
        <div><b>${t("dial-blocked-title")}</b>
          ${codes.map((code) => html`<p data-code=${code}>${isKey(code) ? t(code) : code}</p>`)}
          ${reasons.map((reason) => html`<p data-code=${reason.code}>${reason.message}</p>`)}
        </div>
      </div>`;
  }
  if (seen.clickToDialBlock && seen.link === "open") {
    const notReady = seen.presence?.class === "notready";
    return html`<div class="hint" id="dial-why">${icon(context, "info")}<p>${t(notReady ? "hint-queue" : "click-to-dial-not-in-queue")}</p></div>`;
  }
  return nothing;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {Template|typeof nothing}
 */
function lastCall(context, seen) {
  const call = seen.lastCall;
  if (!call) return nothing;
  const { t, act } = context;
  const number = numberOf(context, call);
  const party = call.party;
  const length = talked(call, context.time);
  return html`
    <section class="last" aria-label=${t("last-call")}>
      <h2 class="label">${t("last-call")}</h2>
      <div class="card">
        <div class="row">
          ${avatar(party, true)}
          <span class="row-text">
            <b data-testid="last-party">${party ? html`<button type="button" class="link" @click=${() => act.show(party.recordId)}>${party.name}</button>` : number}</b>
            <small data-testid="last-outcome" data-outcome=${call.outcome ?? ""}>${outcomeText(context, call)}${length ? ` · ${length}` : ""}</small>
          </span>
          ${call.withheld || !seen.can.has("dial")
            ? nothing
            : html`<button type="button" class="slds-button round" aria-label=${t("redial", { number })} title=${t("redial", { number })} ?disabled=${!seen.canDial}
                @click=${() => act.redial(call.number)}>${icon(context, "call")}</button>`}
        </div>
        ${logState(context, call)}
      </div>
    </section>`;
}
