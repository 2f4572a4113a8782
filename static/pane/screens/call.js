/** A call: it rings here, it rings there, it is up. The same places for the same things all the while. */
import { html, nothing } from "lit/html.js";

import { formatDuration } from "../format.js";
import { isKey } from "../i18n/index.js";
import { isUp } from "../state/view.js";
import { action, candidates, icon, keypad, logState, person } from "./parts.js";

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("./parts.js").Template} Template */
/** @typedef {import("../state/view.js").View} View */
/** @typedef {import("../state/view.js").CallView} CallView */

/**
 * @param {Context} context
 * @param {CallView} call
 * @returns {Template}
 */
function stateLine({ t }, call) {
  const key = call.silent ? "state-silent"
    : call.heldByFar ? "state-held-far"
    : call.state === "ringing" && call.direction !== "outbound" ? "state-ringing-in"
    : call.state === "ringing" ? (call.early ? "state-early" : "state-ringing-out")
    : `state-${/** @type {"calling"|"talking"|"held"|"ended"} */ (call.state)}`;
  const word = t(/** @type {import("../i18n/index.js").Key} */ (key));
  return html`<p class="call-state call-state-${call.state}" data-testid="call-state" data-state=${call.state}>${word}</p>`;
}

/**
 * @param {Context} context
 * @param {View} seen
 * @param {CallView} call
 * @returns {Template}
 */
function away(context, seen, call) {
  return call.here
    ? html``
    : html`<div class="hint">${icon(context, "info")}<p>${context.t(seen.elsewhere ? "call-other-pane" : call.state === "ringing" ? "call-not-here-yet" : "call-not-here")}</p></div>`;
}

/**
 * @param {Context} context
 * @returns {Template}
 */
function takeOver(context) {
  return action(context, { kind: "brand", icon: "new_window", label: context.t("takeover-short"), test: "takeover", onClick: context.act.takeOver });
}

/**
 * @param {Context} context
 * @param {View} seen
 * @param {CallView} call
 * @returns {import("./parts.js").Content}
 */
export function ringing(context, seen, call) {
  const { t, act } = context;
  return {
    body: html`
      <div class="bell" aria-hidden="true"><i></i><i></i>${icon(context, "incoming_call")}</div>
      <div class="centre">${stateLine(context, call)}<p class="time" data-testid="call-duration" role="timer">${formatDuration(context.time - call.startedAt)}</p></div>
      ${person(context, call, { large: true })}
      ${candidates(context, call)}
      ${away(context, seen, call)}`,
    ends: call.here && seen.controls.has("answer") ? action(context, { kind: "quiet", icon: "close", label: t("reject"), test: "reject", onClick: act.reject }) : nothing,
    begins: call.here
      ? seen.controls.has("answer") ? action(context, { kind: "call", icon: "call", label: t("answer"), test: "answer", onClick: act.answer }) : nothing
      : seen.elsewhere ? takeOver(context) : nothing,
  };
}

/**
 * @param {Context} context
 * @param {View} seen
 * @param {CallView} call
 * @returns {import("./parts.js").Content}
 */
export function talking(context, seen, call) {
  const { t, act } = context;
  const up = isUp(call);
  const { keypadOpen } = seen.state;
  const since = call.answeredAt ?? call.startedAt;
  return {
    body: html`
      ${person(context, call)}
      <div class="centre">
        <p class="time time-large" data-testid="call-duration" role="timer">${formatDuration(context.time - since)}</p>
        ${stateLine(context, call)}
      </div>
      ${call.here ? controls(context, seen, call) : away(context, seen, call)}
      ${keypadOpen && up ? nothing : candidates(context, call)}
      ${call.log.state === "none" ? nothing : logState(context, call)}`,
    ends: call.here && seen.controls.has("hangUp") ? action(context, { kind: "end", icon: "end_call", label: t("hangup"), test: "hangup", onClick: act.hangUp }) : nothing,
    begins: seen.elsewhere || seen.phone === "call-here" ? takeOver(context) : nothing,
  };
}

/**
 * What can be done in a call, by what this phone can.
 *
 * @param {Context} context
 * @param {View} seen
 * @param {CallView} call
 * @returns {Template|typeof nothing}
 */
function controls(context, seen, call) {
  const { t, act } = context;
  const can = seen.controls;
  if (!can.has("mute") && !can.has("hold") && !can.has("tone")) return nothing;
  const up = isUp(call);
  const held = call.state === "held";
  const blocked = seen.askBlock !== null;
  const block = seen.holdBlock;
  const { keypadOpen, tones } = seen.state;
  return html`
    <div class="controls" role="group">
      ${can.has("mute")
        ? control(context, { test: "mute", name: call.muted ? "muted" : "unmuted", label: t(call.muted ? "unmute" : "mute"), on: call.muted, off: !up, onClick: () => act.mute(!call.muted) })
        : nothing}
      ${can.has("hold")
        ? control(context, { test: "hold", name: held ? "play" : "pause", label: t(held ? "resume" : "hold"), on: held, off: !up || block !== null || call.holdPending, busy: call.holdPending, why: block ? "ask-why" : nothing, onClick: () => act.hold(!held) })
        : nothing}
      ${can.has("tone")
        ? control(context, { test: "keypad", name: "keypad", label: t("keypad-open"), on: keypadOpen, off: !up || blocked, why: blocked ? "ask-why" : nothing, expands: true, onClick: () => act.keypad(!keypadOpen) })
        : nothing}
    </div>
    ${block && up
      ? html`<div class="hint ${blocked ? "hint-blocked" : ""}" id="ask-why" data-testid="ask-why">${icon(context, blocked ? "offline" : "info")}<p>${isKey(block) ? t(block) : block}</p></div>`
      : nothing}
    ${keypadOpen && up
      ? html`<div class="pad-in-call"><output class="tones" aria-label=${t("tones-sent")}>${tones || "\u00a0"}</output>${keypad(context, act.tone, blocked)}</div>`
      : nothing}`;
}

/**
 * @param {Context} context
 * @param {{test: string, name: string, label: string, on: boolean, off: boolean, busy?: boolean, why?: string|typeof nothing, expands?: boolean, onClick: () => void}} options
 * @returns {Template}
 */
function control(context, { test, name, label, on, off, busy = false, why = nothing, expands = false, onClick }) {
  return html`
    <button type="button" class="slds-button control ${on ? "control-on" : ""}" data-testid=${test} ?disabled=${off}
      aria-busy=${busy ? "true" : nothing} aria-describedby=${why} aria-pressed=${expands ? nothing : on ? "true" : "false"} aria-expanded=${expands ? (on ? "true" : "false") : nothing} @click=${onClick}>
      ${icon(context, name)}<span>${label}</span>
    </button>`;
}
