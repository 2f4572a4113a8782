/**
 * What the pane asks of a telephone, and hears from it, whichever it is: our own SIP telephone (`sip.js`), or another
 * later. Nothing runs here.
 *
 * What a phone can't do is not asked of it: the screens draw no control for it.
 *
 * @typedef {"sip"|"webphone"|"desk"} Kind our own over SIP; FCC's page in a frame; one on the desk, of which the pane has no sound
 *
 * @typedef {import("../state/types.js").Ability} Ability
 * @typedef {import("../state/types.js").PhoneCall} PhoneCall
 *
 * @typedef {{kind?: string, expiresAt: string|null, [name: string]: any}} Credentials as the connector hands them to the pane
 *   that holds the phone, for one of its kind; the phone alone knows what else is in them
 *
 * @typedef {{sipCallId: string}|{callsId: number}} CallName by which the connector knows a call: the Call-ID of its SIP dialog, or
 *   FCC's own id where the phone was told that
 *
 * @typedef {CallName & CallFact & Partial<SipEnd>} Report a fact about a call for the connector
 *
 * @typedef {object} CallFact
 * @property {"dialled"|"ringing"|"answered"|"held"|"resumed"|"ended"} kind
 * @property {"inbound"|"outbound"} direction
 * @property {string} number
 * @property {string} at ISO 8601
 * @property {string} [dialId]
 * @property {"agent"|"far"} [by] who ended it
 *
 * @typedef {object} SipEnd what a phone that speaks SIP saw of the end
 * @property {number} sipStatus
 * @property {string} cause Q.850's number
 *
 * @typedef {object} PhoneListener
 * @property {(phase: import("../state/types.js").PhonePhase, code: string|null) => void} onPhase
 * @property {(up: boolean) => void} onSignalling whether anything can be asked of FCC now: hold, digits
 * @property {(call: PhoneCall) => void} onCall
 * @property {(report: Report) => void} onReport
 * @property {(code: string) => void} onProblem
 * @property {() => void} onSound the browser plays sound again
 *
 * @typedef {(type: string, fields?: Record<string, unknown>) => Promise<any>} Ask puts a command to the connector, in the name of the
 *   pane that holds the phone; an answer that is late or of another connection is none
 *
 * @typedef {object} Dial what the connector permitted
 * @property {string} dialId
 * @property {string} number as it permitted it
 * @property {import("../channel-types.js").ClickedRecord|null} record that the number was clicked on
 *
 * @typedef {object} Preparation a call to be, while the connector judges whether it may be dialled
 * @property {(dial: Dial) => Promise<void>} call
 * @property {() => void} abandon it is not made: let go what was opened for it
 *
 * @typedef {object} Phone
 * @property {Kind} kind of credentials that it is started with
 * @property {readonly Ability[]} can
 * @property {(credentials: Credentials) => void} start
 * @property {() => void} stop give the phone up: sign off, and close when no call is left
 * @property {() => boolean} started
 * @property {() => Preparation} prepare a call, right after a click, for browsers open a microphone more willingly then
 * @property {() => Promise<void>} answer
 * @property {() => void} reject
 * @property {() => void} hangUp
 * @property {(held: boolean) => void} hold
 * @property {(muted: boolean) => void} mute
 * @property {(tone: string) => void} tone
 * @property {() => void} unlockSound after a click: play what the browser held back
 * @property {() => void} tick about once a second
 */
export {};
