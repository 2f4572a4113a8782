/** WRAP: how much of it is left, and what the call came to. */
import { html, nothing } from "lit/html.js";

import { formatDuration } from "../format.js";
import { action, avatar, logState, numberOf, outcomeText, talked } from "./parts.js";

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("./parts.js").Template} Template */
/** @typedef {import("../state/view.js").View} View */

const RADIUS = 46;
const ROUND = 2 * Math.PI * RADIUS;

/**
 * @param {Context} context
 * @param {View} seen
 * @returns {import("./parts.js").Content}
 */
export function wrap(context, seen) {
  const { t, act } = context;
  const left = seen.wrap?.left ?? null;
  const share = seen.wrap?.share ?? null;
  const call = seen.lastCall;
  const ready = seen.ready;
  const clock = formatDuration(left === null ? seen.presenceFor : left + 999);
  return {
    body: html`
      <div class="countdown" data-testid="wrap-countdown" data-left=${left === null ? nothing : Math.ceil(left / 1000)}>
        <svg class="countdown-ring" viewBox="0 0 104 104" aria-hidden="true">
          <circle class="countdown-track" cx="52" cy="52" r=${RADIUS}></circle>
          <circle class="countdown-left" cx="52" cy="52" r=${RADIUS} stroke-dasharray=${ROUND.toFixed(1)}
            stroke-dashoffset=${(ROUND * (1 - (share ?? 1))).toFixed(1)}></circle>
        </svg>
        <div class="countdown-text" role="timer"><b>${clock}</b></div>
      </div>
      <div class="centre"><h1 class="wrap-title" tabindex="-1">${t("wrap-title")}</h1><p class="muted">${t(left === null ? "wrap-no-end" : "wrap-note")}</p></div>
      ${call
        ? html`<section class="card">
            <div class="row">
              ${avatar(call.party)}
              <span class="row-text">
                <b class="wrap-name" data-testid="call-party">${call.party
                  ? html`<button type="button" class="link" @click=${() => call.party && act.show(call.party.recordId)}>${call.party.name}</button>`
                  : numberOf(context, call)}</b>
                <small data-testid="last-outcome" data-outcome=${call.outcome ?? ""}>${[outcomeText(context, call), talked(call, context.time)].filter(Boolean).join(" · ")}</small>
              </span>
            </div>
            ${logState(context, call)}
          </section>`
        : nothing}`,
    begins: ready && seen.controls.has("status")
      ? action(context, { kind: "call", icon: "check", label: t("wrap-end"), test: "wrap-end", disabled: seen.link !== "open", onClick: () => act.chooseStatus(ready.id) })
      : nothing,
  };
}
