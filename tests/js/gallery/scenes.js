/** The moments of the pane that the gallery draws: what is known in each, told as the reducer's actions. */

const AT = Date.parse("2026-03-04T10:15:00Z");
const iso = (seconds) => new Date(AT + seconds * 1000).toISOString();

const STATUSES = [
  { id: 1, class: "ready", name: "W kolejce" },
  { id: 2, class: "notready", name: "Niegotowy" },
  { id: 3, class: "busy", name: "Zajęty" },
  { id: 4, class: "wrap", name: "WRAP" },
  { id: 5, class: "pause", name: "Przerwa obiadowa" },
  { id: 6, class: "pause", name: "Szkolenie" },
];

const presence = (kind, ago, until = null) => ({ ...STATUSES.find((status) => status.class === kind), since: iso(-ago), until });
const JAN = { recordId: "003000000000001AAA", objectType: "Contact", name: "Jan Kowalski", reason: "Telefon komórkowy" };
const CASE = { recordId: "500000000000001AAA", objectType: "Case", name: "00001234 Reklamacja faktury", reason: "kod z IVR" };
const LEAD = { recordId: "00Q000000000001AAA", objectType: "Lead", name: "Krzysztof Zając", reason: "Telefon" };

const phoneCall = (more) => ({
  id: "p1", sipCallId: "s1", callsId: null, dialId: null, direction: "outbound", number: "+48600100200", name: null, state: "talking", early: false, held: false,
  holdPending: false, heldByFar: false, muted: false, silent: false, startedAt: AT - 290_000, answeredAt: AT - 277_000, endedAt: null, outcome: null, by: null, ...more,
});
const serverCall = (more) => ({
  callId: "k1", callsId: 71, sipCallId: "s1", direction: "outbound", number: "+48600100200", displayNumber: "600 100 200", withheld: false, state: "talking",
  startedAt: iso(-290), answeredAt: iso(-277), endedAt: null, outcome: null, disconnectedBy: null, campaign: "Obsługa klienta", ivr: null,
  party: JAN, searching: false, candidates: [JAN], related: null, log: { state: "none", taskId: null, code: null }, ...more,
});

const SIP_PHONE = ["dial", "answer", "hangUp", "hold", "mute", "tone", "status", "sound"];
const base = ({ who = presence("ready", 700), calls = [], capabilities = { canDial: true, missing: [] }, leader = true, phone = "registered", can = SIP_PHONE } = {}) => [
  { type: "phone.can", can },
  { type: "link", link: "open" },
  { type: "snapshot", snapshot: { presence: who, statuses: STATUSES, calls, capabilities, leader }, clockOffset: 0 },
  { type: "phone", phone },
  { type: "microphone", microphone: { state: "allowed", code: null } },
];
const saved = { state: "saved", taskId: "00T000000000001AAA", code: null };
const notice = (code, message, tone = "error", button = null) => ({ type: "notice", notice: { code, message, tone, button } });

export const time = AT;

/** @type {Record<string, object[]>} */
export const scenes = {
  "starting": [],
  "notready": base({ who: presence("notready", 192) }),
  "ready-number": [...base(), { type: "dial.text", text: "+48 22 123 45 67" }],
  "ready-after-call": base({ calls: [serverCall({ state: "ended", endedAt: iso(-20), outcome: "ANSWERED", log: saved })] }),
  "after-busy": [...base({ calls: [serverCall({ answeredAt: null, state: "ended", endedAt: iso(-20), outcome: "BUSY", party: null, candidates: [], log: { state: "waiting", taskId: null, code: null } })] })],
  "connecting": base({ who: presence("notready", 2), phone: "connecting" }),
  "cannot-dial": base({ capabilities: { canDial: false, missing: [{ code: "dial-no-presentation", message: "Twoje konto w FCC nie ma prezentacji, więc nie można dzwonić. Administrator doda ją w personel → użytkownicy." }] } }),
  "mic-blocked": [
    ...base({ who: presence("notready", 8) }),
    { type: "microphone", microphone: { state: "blocked", code: "mic-denied" } },
    notice("mic-denied", "Mikrofon jest zablokowany dla tej strony. Kliknij ikonę obok adresu strony, ustaw Mikrofon: Zezwalaj, potem „Sprawdź ponownie”.", "error", { label: "Sprawdź ponownie", action: "microphone.check" }),
  ],
  "menu": [...base({ who: presence("ready", 725) }), { type: "menu", open: true }],
  "ringing": [
    ...base({ calls: [serverCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: iso(-6), ivr: "00001234" })] }),
    { type: "phone.call", call: phoneCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: AT - 6000 }) },
  ],
  "ringing-choice": [
    ...base({ calls: [serverCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: iso(-4), party: null, candidates: [CASE, JAN, LEAD], ivr: "00001234" })] }),
    { type: "phone.call", call: phoneCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: AT - 4000 }) },
  ],
  "ringing-unknown": [
    ...base({ calls: [] }),
    { type: "phone.call", call: phoneCall({ direction: "inbound", number: "anonymous", state: "ringing", answeredAt: null, startedAt: AT - 2000 }) },
  ],
  "calling": [
    ...base({ who: presence("busy", 3), calls: [serverCall({ state: "ringing", answeredAt: null, startedAt: iso(-3) })] }),
    { type: "phone.call", call: phoneCall({ state: "ringing", answeredAt: null, startedAt: AT - 3000 }) },
  ],
  "talking": [...base({ who: presence("busy", 277), calls: [serverCall({})] }), { type: "phone.call", call: phoneCall({}) }],
  "held-muted": [...base({ who: presence("busy", 277), calls: [serverCall({})] }), { type: "phone.call", call: phoneCall({ held: true, muted: true }) }],
  "keypad": [
    ...base({ who: presence("busy", 277), calls: [serverCall({})] }),
    { type: "phone.call", call: phoneCall({}) },
    { type: "keypad", open: true },
    ...["1", "2", "#"].map((tone) => ({ type: "tone", tone })),
  ],
  "wrap": base({ who: presence("wrap", 8, iso(12)), calls: [serverCall({ state: "ended", endedAt: iso(-8), outcome: "ANSWERED", log: saved })] }),
  "other-pane": base({ leader: false }),
  "other-pane-call": base({ who: presence("busy", 70), leader: false, calls: [serverCall({})] }),
  "link-lost-long": [...base(), { type: "link", link: "lost", at: AT - 60_000 }],
  "searching": [...base({ who: presence("busy", 1) }), { type: "phone.call", call: phoneCall({ state: "calling", answeredAt: null, startedAt: AT - 1000 }) }],
  "link-lost": [...base({ who: presence("busy", 277), calls: [serverCall({})] }), { type: "phone.call", call: phoneCall({}) }, { type: "link", link: "lost" }],
  "phone-lost": [
    ...base({ who: presence("busy", 277), calls: [serverCall({})] }),
    { type: "phone.call", call: phoneCall({}) },
    { type: "phone", phone: "connecting", code: "phone-no-connection" },
    { type: "signalling", up: false },
  ],
  "phone-lost-keypad": [
    ...base({ who: presence("busy", 277), calls: [serverCall({})] }),
    { type: "phone.call", call: phoneCall({}) },
    { type: "keypad", open: true },
    { type: "signalling", up: false },
  ],
  "overtaken-call": [
    ...base({ who: presence("busy", 277), calls: [serverCall({})], phone: "unregistered" }),
    { type: "phone.call", call: phoneCall({}) },
    { type: "leader", leader: false },
  ],
  "other-pane-ringing": base({ leader: false, calls: [serverCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: iso(-6) })] }),
  "taken-over-ringing": base({ phone: "connecting", calls: [serverCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: iso(-6) })] }),
  "over-call": [...base({ who: presence("busy", 277), calls: [serverCall({})] }), { type: "phone.call", call: phoneCall({}) }, { type: "link", link: "over" }],
  "over": [...base(), { type: "link", link: "over" }],
  "refused": [...base(), { type: "link", link: "refused" }],
  "desk-phone": base({ can: ["dial", "status"] }),
  "desk-phone-ringing": [
    ...base({ can: ["dial", "status"], calls: [serverCall({ direction: "inbound", state: "ringing", answeredAt: null, startedAt: iso(-6) })] }),
    { type: "phone.call", call: phoneCall({ sipCallId: null, callsId: 71, direction: "inbound", state: "ringing", answeredAt: null, startedAt: AT - 6000 }) },
  ],
  "desk-phone-call": [
    ...base({ can: ["dial", "hangUp", "status"], who: presence("busy", 277), calls: [serverCall({})] }),
    { type: "phone.call", call: phoneCall({ sipCallId: null, callsId: 71 }) },
  ],
  "own-view": base({ can: ["dial", "status", "view", "sound"] }),
};
