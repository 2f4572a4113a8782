/** From what is known to what is shown. Pure: the time is handed in. */
import { isWithheld } from "../format.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").ServerCall} ServerCall */
/** @typedef {import("./types.js").PhoneCall} PhoneCall */
/** @typedef {import("./types.js").RecordRef} RecordRef */
/** @typedef {import("./types.js").Reason} Reason */
/** @typedef {import("./types.js").Status} Status */

/**
 * @typedef {object} CallView the call on the screen, from whichever side it is known best; times of the server's clock
 * @property {string} key changes when it is another call
 * @property {string|null} callId the server's name of it
 * @property {"inbound"|"outbound"|"internal"} direction
 * @property {string} number
 * @property {string} displayNumber
 * @property {boolean} withheld
 * @property {"calling"|"ringing"|"talking"|"held"|"ended"} state
 * @property {boolean} early
 * @property {boolean} here this pane's phone has it
 * @property {boolean} known the server has told of it
 * @property {boolean} muted
 * @property {boolean} holdPending hold or resume was asked for and is not agreed on yet
 * @property {boolean} heldByFar
 * @property {boolean} silent
 * @property {number} startedAt
 * @property {number|null} answeredAt
 * @property {number|null} endedAt
 * @property {string|null} outcome
 * @property {string|null} campaign
 * @property {string|null} ivr
 * @property {string|null} name what the far end's phone calls itself
 * @property {RecordRef|null} party
 * @property {boolean} searching who it is has not been found out yet
 * @property {RecordRef[]} candidates
 * @property {import("./types.js").CallLog} log
 *
 * @typedef {object} Wrap
 * @property {number|null} left milliseconds; null when FCC named no end
 * @property {number|null} share 1 at the beginning, 0 at the end
 *
 * @typedef {"starting"|"over"|"refused"|"idle"|"calling"|"ringing"|"talking"|"wrap"} Screen
 *
 * @typedef {object} View
 * @property {Screen} screen
 * @property {"connecting"|"registered"|"unregistered"|"failed"|"other-pane"|"call-here"} phone "call-here": another pane has the phone, this one a call from before
 * @property {"open"|"connecting"|"lost"} link
 * @property {boolean} lostLong the connection has been lost for so long that signing in anew is worth a try
 * @property {ReadonlySet<import("./types.js").Ability>} can what this pane's phone can
 * @property {ReadonlySet<import("./types.js").Ability>} controls what of it there are controls for: none where the phone has its own
 * @property {boolean} elsewhere another pane of this agent holds the phone
 * @property {string|null} holdBlock code of the translations: why this call can't be held or taken back now
 * @property {string|null} askBlock code of the translations: why FCC can be asked nothing about this call now, neither hold nor digits
 * @property {CallView|null} call
 * @property {CallView|null} lastCall
 * @property {Wrap|null} wrap
 * @property {import("./types.js").Presence|null} presence
 * @property {number} presenceFor milliseconds
 * @property {Status[]} choices statuses an agent may choose
 * @property {Status|null} ready the status that puts the agent in the queue
 * @property {string[]} dialBlocks codes of the translations: why nothing can be dialled here
 * @property {Reason[]} dialReasons the same in the server's words
 * @property {boolean} canDial
 * @property {boolean} clickToDial numbers in Salesforce may be clicked
 * @property {string|null} clickToDialBlock why not
 * @property {boolean} dialling
 * @property {State} state
 */

const CHOOSABLE = new Set(["ready", "notready", "pause", "away", "suspend"]);
const SAME_CALL_WITHIN = 30_000;
const ENDED_HERE_FOR = 20_000;
/** How long the server may take to tell of a call that our phone has before the caller counts as unknown. */
const SEARCH_TAKES = 4_000;
const LOST_LONG = 20_000;
const NO_CONTROLS = new Set();

/** @type {import("./types.js").CallLog} */
const NO_LOG = { state: "none", taskId: null, code: null };

/**
 * @param {State} state
 * @param {number} now our clock, in milliseconds
 * @returns {View}
 */
export function view(state, now) {
  const time = now + state.clockOffset;
  const presence = state.presence;
  const call = currentCall(state, time);
  const overtaken = state.leader === false;
  const carries = overtaken && call !== null && call.here;
  const elsewhere = overtaken && !carries;
  const can = new Set(state.can);
  const controls = can.has("view") ? NO_CONTROLS : can;
  const asks = controls.has("hold") || controls.has("tone");
  const askBlock = asks && call?.here && isUp(call) && !state.signalling ? "call-no-signalling" : null;
  const phone = carries ? "call-here" : elsewhere ? "other-pane" : state.phone;
  const lastCall = call ? null : latestCall(state, time);
  const link = state.link === "open" || state.link === "lost" ? state.link : "connecting";
  const choices = state.statuses.filter((status) => CHOOSABLE.has(status.class));
  const dialBlocks = blocks(state, phone);
  const dialReasons = state.capabilities.missing;
  const canDial = can.has("dial") && dialBlocks.length === 0 && state.capabilities.canDial && !call && !state.dialling;
  const inQueue = presence?.class === "ready";
  const clickToDial = canDial && inQueue;

  return {
    screen: screenOf(state, call),
    phone,
    link,
    lostLong: state.lostSince !== null && now - state.lostSince > LOST_LONG,
    can,
    controls,
    elsewhere,
    holdBlock: askBlock ?? (carries && controls.has("hold") ? "call-stays-here" : null),
    askBlock,
    call,
    lastCall,
    wrap: presence?.class === "wrap" && !call ? wrapOf(presence, time) : null,
    presence,
    presenceFor: presence ? Math.max(0, time - Date.parse(presence.since)) : 0,
    choices,
    ready: choices.find((status) => status.class === "ready") ?? null,
    dialBlocks,
    dialReasons,
    canDial,
    clickToDial,
    clickToDialBlock: !clickToDial && canDial && !inQueue ? "click-to-dial-not-in-queue" : null,
    dialling: state.dialling !== null,
    state,
  };
}

/**
 * @param {State} state
 * @param {CallView|null} call
 * @returns {Screen}
 */
function screenOf(state, call) {
  // Whoever talks can hang up, whatever has become of the session.
  const talks = call !== null && call.here;
  if (state.link === "over" && !talks) return "over";
  if (state.link === "refused" && !talks) return "refused";
  if (talks) return callScreen(call);
  if (!state.everOpen || state.presence === null) return "starting";
  if (call) return callScreen(call);
  return state.presence.class === "wrap" ? "wrap" : "idle";
}

/**
 * @param {CallView} call
 * @returns {Screen}
 */
function callScreen(call) {
  if (call.state === "ringing" && call.direction !== "outbound") return "ringing";
  return isUp(call) ? "talking" : "calling";
}

/** @param {CallView} call */
export const isUp = (call) => call.state === "talking" || call.state === "held";

/**
 * Whether leaving the page would take a call away from a customer: its sound runs in this page.
 *
 * @param {State} state
 * @returns {boolean}
 */
export function carriesCall(state) {
  const own = state.phoneCall;
  return state.can.includes("sound") && own !== null && own.state !== "ended" && !(own.state === "ringing" && own.direction === "inbound");
}

/**
 * @param {State} state
 * @param {View["phone"]} phone
 * @returns {string[]}
 */
function blocks(state, phone) {
  if (state.link !== "open") return ["block-no-connection"];
  if (phone === "other-pane") return [];
  if (state.can.includes("sound") && state.microphone.state === "blocked") return ["block-microphone"];
  if (phone === "connecting") return ["block-phone-connecting"];
  if (phone === "failed") return ["block-phone-failed"];
  if (phone === "unregistered") return ["block-phone-off"];
  return [];
}

/**
 * @param {import("./types.js").Presence} presence
 * @param {number} time
 * @returns {Wrap}
 */
function wrapOf(presence, time) {
  if (!presence.until) return { left: null, share: null };
  const until = Date.parse(presence.until);
  const whole = until - Date.parse(presence.since);
  const left = Math.max(0, until - time);
  return { left, share: whole > 0 ? Math.min(1, left / whole) : 0 };
}

/**
 * @param {State} state
 * @param {number} time
 * @returns {CallView|null}
 */
function currentCall(state, time) {
  const own = state.phoneCall;
  if (own && own.state !== "ended") return fromPhone(own, matching(state, own), state, time);
  const up = state.calls.filter((call) => call.state !== "ended").at(-1);
  if (!up) return null;
  // What our phone just ended is over for the agent, even if the server hears of it a moment later.
  if (own && same(own, up, state.clockOffset) && time - (own.endedAt ?? 0) - state.clockOffset < ENDED_HERE_FOR) return null;
  return fromServer(up);
}

/**
 * @param {State} state
 * @param {number} time
 * @returns {CallView|null}
 */
function latestCall(state, time) {
  const own = state.phoneCall;
  const newest = state.calls.at(-1);
  if (own?.state === "ended") {
    const known = matching(state, own);
    const newer = newest && newest.state === "ended" && Date.parse(newest.startedAt ?? "") > own.startedAt + state.clockOffset + SAME_CALL_WITHIN;
    if (!newer) return fromPhone(own, known, state, time);
  }
  return newest && newest.state === "ended" ? fromServer(newest) : null;
}

/**
 * @param {State} state
 * @param {PhoneCall} own
 * @returns {ServerCall|null}
 */
function matching(state, own) {
  return state.calls.findLast((call) => named(own, call) === true)
    ?? state.calls.findLast((call) => same(own, call, state.clockOffset))
    ?? null;
}

/**
 * @param {PhoneCall} own
 * @param {ServerCall} call
 * @returns {boolean|null} whether they bear one name; null: there is none that both bear
 */
function named(own, call) {
  if (own.callsId !== null && call.callsId !== null) return own.callsId === call.callsId;
  if (own.sipCallId !== null && call.sipCallId !== null) return own.sipCallId === call.sipCallId;
  return null;
}

/**
 * @param {PhoneCall} own
 * @param {ServerCall} call
 * @param {number} offset
 */
function same(own, call, offset) {
  const byName = named(own, call);
  if (byName !== null) return byName;
  if (call.direction !== own.direction) return false;
  const digits = (/** @type {string} */ number) => number.replace(/\D/g, "");
  if (!call.withheld && digits(call.number) !== digits(own.number)) return false;
  return Math.abs(Date.parse(call.startedAt ?? "") - own.startedAt - offset) < SAME_CALL_WITHIN;
}

/**
 * @param {PhoneCall} own
 * @param {ServerCall|null} known
 * @param {State} state
 * @param {number} time
 * @returns {CallView}
 */
function fromPhone(own, known, state, time) {
  const offset = state.clockOffset;
  const clicked = own.dialId !== null && state.dialled?.dialId === own.dialId ? state.dialled.record : null;
  const onServer = (/** @type {number|null} */ local) => (local === null ? null : local + offset);
  return {
    key: own.id,
    callId: known?.callId ?? null,
    direction: known?.direction ?? own.direction,
    number: known?.number ?? own.number,
    displayNumber: known?.displayNumber ?? "",
    withheld: known?.withheld ?? isWithheld(own.number),
    state: own.state === "talking" && own.held ? "held" : own.state,
    early: own.early,
    here: true,
    known: known !== null,
    muted: own.muted,
    holdPending: own.holdPending,
    heldByFar: own.heldByFar,
    silent: own.silent,
    startedAt: own.startedAt + offset,
    answeredAt: onServer(own.answeredAt),
    endedAt: onServer(own.endedAt),
    outcome: known?.outcome ?? own.outcome,
    campaign: known?.campaign ?? null,
    ivr: known?.ivr ?? null,
    name: own.name,
    party: known?.party ?? clicked,
    searching: known?.searching ?? (own.state !== "ended" && time - own.startedAt - offset < SEARCH_TAKES),
    candidates: known?.candidates ?? [],
    log: known?.log ?? NO_LOG,
  };
}

/**
 * @param {ServerCall} call
 * @returns {CallView}
 */
function fromServer(call) {
  const when = (/** @type {string|null} */ text) => (text === null ? null : Date.parse(text));
  return {
    key: call.callId,
    callId: call.callId,
    direction: call.direction,
    number: call.number,
    displayNumber: call.displayNumber,
    withheld: call.withheld,
    state: call.state,
    early: false,
    here: false,
    known: true,
    muted: false,
    holdPending: false,
    heldByFar: false,
    silent: false,
    startedAt: Date.parse(call.startedAt ?? ""),
    answeredAt: when(call.answeredAt),
    endedAt: when(call.endedAt),
    outcome: call.outcome,
    campaign: call.campaign,
    ivr: call.ivr,
    name: null,
    party: call.party,
    searching: call.searching,
    candidates: call.candidates,
    log: call.log,
  };
}
