/** From what happened to what is known. Pure: no clock, no I/O. */

/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").ServerCall} ServerCall */
/** @typedef {import("./types.js").Notice} Notice */

/**
 * @typedef {{type: "link", link: import("./types.js").LinkState, at?: number}
 *  | {type: "leader", leader: boolean}
 *  | {type: "snapshot", snapshot: Snapshot, clockOffset: number|null}
 *  | {type: "presence", presence: import("./types.js").Presence}
 *  | {type: "statuses", statuses: import("./types.js").Status[]}
 *  | {type: "presence.pending", statusId: number|null}
 *  | {type: "call", call: ServerCall}
 *  | {type: "capabilities", capabilities: import("./types.js").Capabilities}
 *  | {type: "phone.can", can: readonly import("./types.js").Ability[]}
 *  | {type: "phone", phone: import("./types.js").PhonePhase, code?: string|null}
 *  | {type: "signalling", up: boolean}
 *  | {type: "phone.call", call: import("./types.js").PhoneCall}
 *  | {type: "dialling", number: string, since: number}
 *  | {type: "dialling.over"}
 *  | {type: "dialled", dialId: string, record: import("./types.js").RecordRef}
 *  | {type: "microphone", microphone: import("./types.js").MicrophoneState}
 *  | {type: "notice", notice: Notice}
 *  | {type: "notice.close", code: string}
 *  | {type: "menu", open: boolean}
 *  | {type: "keypad", open: boolean}
 *  | {type: "dial.text", text: string}
 *  | {type: "tone", tone: string}} Action
 *
 * @typedef {object} Snapshot
 * @property {import("./types.js").Presence|null} presence
 * @property {import("./types.js").Status[]} statuses
 * @property {ServerCall[]} calls
 * @property {import("./types.js").Capabilities} capabilities
 * @property {boolean} leader
 */

/** How many calls stay in memory; the last one is shown after it ended. */
const KEPT_CALLS = 20;

/** @type {State} */
export const initialState = {
  link: "connecting",
  everOpen: false,
  lostSince: null,
  leader: null,
  can: [],
  phone: "connecting",
  phoneCode: null,
  signalling: true,
  presence: null,
  pendingStatusId: null,
  statuses: [],
  capabilities: { canDial: false, missing: [] },
  calls: [],
  phoneCall: null,
  dialling: null,
  dialled: null,
  microphone: { state: "unknown", code: null },
  notices: [],
  clockOffset: 0,
  menuOpen: false,
  keypadOpen: false,
  dialText: "",
  tones: "",
};

/**
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  switch (action.type) {
    case "link":
      if (state.link === "over" || state.link === "refused") return state;
      // Each new attempt is part of the same loss, so that the screen does not flicker.
      if (action.link === "connecting" && state.link === "lost") return state;
      return {
        ...state,
        link: action.link,
        everOpen: state.everOpen || action.link === "open",
        lostSince: action.link === "lost" ? (state.lostSince ?? action.at ?? null) : null,
      };
    case "leader":
      return state.leader === action.leader ? state : { ...state, leader: action.leader };
    case "snapshot": {
      const { snapshot } = action;
      return {
        ...state,
        presence: snapshot.presence ?? state.presence,
        pendingStatusId: null,
        statuses: snapshot.statuses,
        calls: snapshot.calls.slice(-KEPT_CALLS),
        capabilities: snapshot.capabilities,
        leader: snapshot.leader,
        clockOffset: action.clockOffset ?? state.clockOffset,
      };
    }
    case "presence":
      return { ...state, presence: action.presence, pendingStatusId: null };
    case "statuses":
      return { ...state, statuses: action.statuses };
    case "presence.pending":
      return { ...state, pendingStatusId: action.statusId, menuOpen: false };
    case "call":
      return { ...state, calls: withCall(state.calls, action.call) };
    case "capabilities":
      return { ...state, capabilities: action.capabilities };
    case "phone.can":
      return { ...state, can: action.can };
    case "phone":
      return { ...state, phone: action.phone, phoneCode: action.code ?? null };
    case "signalling":
      return state.signalling === action.up ? state : { ...state, signalling: action.up };
    case "phone.call": {
      const fresh = state.phoneCall?.id !== action.call.id;
      const ended = action.call.state === "ended";
      return {
        ...state,
        phoneCall: action.call,
        dialling: null,
        keypadOpen: fresh || ended ? false : state.keypadOpen,
        tones: fresh ? "" : state.tones,
        dialText: fresh && action.call.direction === "outbound" ? "" : state.dialText,
        menuOpen: fresh ? false : state.menuOpen,
        notices: fresh ? state.notices.filter((notice) => notice.tone === "error" && notice.button) : state.notices,
      };
    }
    case "dialling":
      return { ...state, dialling: { number: action.number, since: action.since } };
    case "dialling.over":
      return state.dialling ? { ...state, dialling: null } : state;
    case "dialled":
      return { ...state, dialled: { dialId: action.dialId, record: action.record } };
    case "microphone":
      return { ...state, microphone: action.microphone };
    case "notice":
      return { ...state, notices: [...without(state.notices, action.notice.code), action.notice] };
    case "notice.close":
      return state.notices.some((notice) => notice.code === action.code)
        ? { ...state, notices: without(state.notices, action.code) }
        : state;
    case "menu":
      return state.menuOpen === action.open ? state : { ...state, menuOpen: action.open };
    case "keypad":
      return state.keypadOpen === action.open ? state : { ...state, keypadOpen: action.open };
    case "dial.text":
      return { ...state, dialText: action.text };
    case "tone":
      return { ...state, tones: (state.tones + action.tone).slice(-32) };
    default:
      return state;
  }
}

/**
 * @param {Notice[]} notices
 * @param {string} code
 * @returns {Notice[]}
 */
function without(notices, code) {
  return notices.filter((notice) => notice.code !== code);
}

/**
 * A SIP dialog belongs to one call: what was known of it under another name, before FCC told of the call, is that call.
 *
 * @param {ServerCall[]} calls
 * @param {ServerCall} call
 * @returns {ServerCall[]}
 */
function withCall(calls, call) {
  const others = calls.filter((known) => known.callId === call.callId || known.sipCallId === null || known.sipCallId !== call.sipCallId);
  const at = others.findIndex((known) => known.callId === call.callId);
  if (at >= 0) return others.map((known, index) => (index === at ? call : known));
  return [...others, call].slice(-KEPT_CALLS);
}
