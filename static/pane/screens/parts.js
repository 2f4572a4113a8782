/** Pieces that several screens use. */
import { html, nothing } from "lit/html.js";

import { formatDuration, formatNumber, initials } from "../format.js";
import { isKey } from "../i18n/index.js";

/** @typedef {import("lit/html.js").TemplateResult} Template */
/** @typedef {import("../state/view.js").View} View */
/** @typedef {import("../state/view.js").CallView} CallView */
/** @typedef {import("../state/types.js").RecordRef} RecordRef */

/**
 * @typedef {object} Context
 * @property {import("../i18n/index.js").Translate} t
 * @property {import("./port.js").Actions} act
 * @property {string} icons address of the file of symbols
 * @property {{name: string, extension: string|null}} agent
 * @property {number} time the server's clock, in milliseconds
 *
 * @typedef {object} Content of a screen; its actions stand at the bottom, what ends something on the left and what begins something on
 *   the right, on every screen: a finger that is still there from the last screen never ends what it has just begun
 * @property {Template} body
 * @property {Template|typeof nothing} [ends]
 * @property {Template|typeof nothing} [begins]
 */

const KNOWN_TYPES = ["Contact", "Account", "Lead", "Case", "Opportunity"];

/**
 * @param {Context} context
 * @param {string} name of a utility icon of Salesforce's design system
 * @returns {Template}
 */
export function icon({ icons }, name) {
  return html`<svg class="icon" aria-hidden="true" focusable="false"><use href="${icons}#${name}"></use></svg>`;
}

/**
 * @param {Context} context
 * @param {string} objectType
 * @returns {string}
 */
function typeName({ t }, objectType) {
  const key = `type-${objectType}`;
  return isKey(key) ? t(key) : t("type-other");
}

/**
 * Why a record stands beside a call: the server's own words, ours for what it names by a single word.
 *
 * @param {Context} context
 * @param {string} reason
 * @returns {string}
 */
function why({ t }, reason) {
  const key = `reason-${reason}`;
  return isKey(key) ? t(key) : reason;
}

/**
 * The tenant's word for a status, ours for the four that the product names.
 *
 * @param {Context} context
 * @param {import("../state/types.js").Status|null} status
 * @param {import("../state/types.js").Status[]} all
 * @returns {string}
 */
export function statusName({ t }, status, all) {
  if (!status) return t("status-unknown");
  const key = `status-${status.class}`;
  const ours = ["ready", "notready", "busy", "wrap"].includes(status.class);
  const alone = all.filter((other) => other.class === status.class).length <= 1;
  if ((ours && alone) || !status.name) return isKey(key) ? t(key) : status.name;
  return status.name;
}

/**
 * @param {RecordRef|null} record
 * @param {boolean} [small]
 * @returns {Template}
 */
export function avatar(record, small = false) {
  const kind = record && KNOWN_TYPES.includes(record.objectType) ? record.objectType.toLowerCase() : "none";
  return html`<span class="avatar avatar-${kind} ${small ? "avatar-small" : ""}" aria-hidden="true">${record ? initials(record.name) || "?" : "?"}</span>`;
}

/**
 * @param {Context} context
 * @param {CallView} call
 * @returns {string}
 */
export function numberOf({ t }, call) {
  if (call.withheld) return t("number-withheld");
  return call.displayNumber || formatNumber(call.number);
}

/**
 * The person first, then the number, then why this record and what kind of call.
 *
 * @param {Context} context
 * @param {CallView} call
 * @param {{large?: boolean}} [options]
 * @returns {Template}
 */
export function person(context, call, { large = false } = {}) {
  const { t, act } = context;
  const choose = !call.party && call.candidates.length > 1;
  const out = call.direction === "outbound";
  const number = numberOf(context, call);
  const named = call.name && !/^[+\d\s]+$/.test(call.name) && call.name !== call.number ? call.name : null;
  const name = call.party?.name
    ?? (choose ? t(out ? "caller-choose-out" : "caller-choose") : null)
    ?? named
    ?? (call.searching && !call.withheld ? t("caller-searching") : null)
    ?? t(out ? "caller-unknown-out" : "caller-unknown");
  return html`
    <section class="person ${large ? "person-large" : ""}">
      ${avatar(call.party)}
      <div class="person-text">
        <h1 class="person-name" tabindex="-1" data-testid="call-party">
          ${call.party
            ? html`<button class="link" type="button" aria-label=${t("record-show-named", { name })} @click=${() => act.show(/** @type {RecordRef} */ (call.party).recordId)}>${name}</button>`
            : name}
        </h1>
        <p class="person-number" data-testid="call-number">${number}</p>
        ${call.party?.reason
          ? html`<p class="person-why">${typeName(context, call.party.objectType)} · ${why(context, call.party.reason)}</p>`
          : nothing}
        <p class="badges">
          <span class="badge" data-testid="call-type">${icon(context, out ? "outbound_call" : "incoming_call")}${t(`direction-${call.direction}`)}</span>
          ${call.campaign ? html`<span class="badge">${call.campaign}</span>` : nothing}
          ${call.ivr ? html`<span class="badge">${t("ivr", { code: call.ivr })}</span>` : nothing}
        </p>
      </div>
    </section>`;
}

/**
 * @param {Context} context
 * @param {CallView} call
 * @returns {Template|typeof nothing}
 */
export function candidates(context, call) {
  if (call.candidates.length < 2) return nothing;
  const { t, act } = context;
  return html`
    <section class="candidates">
      <h2 class="label">${t("candidates", { count: call.candidates.length })}</h2>
      <ul>
        ${call.candidates.map((record) => html`
          <li class="card row">
            ${avatar(record, true)}
            <span class="row-text"><b>${record.name}</b><small>${typeName(context, record.objectType)}${record.reason ? ` · ${why(context, record.reason)}` : ""}</small></span>
            <button type="button" class="slds-button slds-button_neutral small" aria-label=${t("record-choose-named", { name: record.name })}
              aria-pressed=${record.recordId === call.party?.recordId} data-testid="choose"
              @click=${() => act.choose(call.callId, record)}>${t("record-show")}</button>
          </li>`)}
      </ul>
    </section>`;
}

const LOG_ICONS = { none: "dash", waiting: "clock", saved: "success", failed: "error" };

/**
 * @param {Context} context
 * @param {CallView} call
 * @returns {Template|typeof nothing}
 */
export function logState(context, call) {
  if (!call.known) return nothing;
  const { t, act } = context;
  const { state, taskId, code } = call.log;
  return html`
    <p class="log log-${state}" data-testid="log-state" data-state=${state}>
      ${icon(context, LOG_ICONS[state])}
      <span>${t(`log-${state}`, { code: code ?? "" })}</span>
      ${taskId ? html`<button type="button" class="link" @click=${() => act.show(taskId)}>${t("log-open")}</button>` : nothing}
    </p>`;
}

/**
 * @param {Context} context
 * @param {CallView} call
 * @returns {string}
 */
export function outcomeText({ t }, call) {
  const key = call.outcome === null ? "outcome-none" : `outcome-${call.outcome}`;
  if (call.direction !== "outbound" && call.answeredAt === null) return t("outcome-missed");
  return isKey(key) ? t(key) : t("outcome-none");
}

/**
 * How long the two sides have talked, or did.
 *
 * @param {CallView} call
 * @param {number} time
 * @returns {string}
 */
export function talked(call, time) {
  return call.answeredAt === null ? "" : formatDuration((call.endedAt ?? time) - call.answeredAt);
}

/**
 * One action at the bottom.
 *
 * @param {Context} context
 * @param {{kind: "call"|"end"|"brand"|"quiet", icon: string, label: string, test?: string, disabled?: boolean, describedBy?: string, onClick: () => void}} options
 * @returns {Template}
 */
export function action(context, { kind, icon: name, label, test, disabled = false, describedBy, onClick }) {
  return html`
    <button type="button" class="slds-button action action-${kind}" data-testid=${test ?? nothing} ?disabled=${disabled}
      aria-describedby=${describedBy ?? nothing} @click=${onClick}>${icon(context, name)}<span>${label}</span></button>`;
}

const KEYS = [["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"], ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", ""], ["#", ""]];

/**
 * @param {Context} context
 * @param {(key: string) => void} onKey
 * @param {boolean} [disabled]
 * @returns {Template}
 */
export function keypad({ t }, onKey, disabled = false) {
  return html`
    <div class="keys" role="group" aria-label=${t("keypad")}>
      ${KEYS.map(([key = "", letters]) => html`
        <button type="button" class="slds-button key" data-testid="key-${key}" ?disabled=${disabled}
          @click=${() => onKey(key)}><b>${key}</b><small>${letters}</small></button>`)}
    </div>`;
}
