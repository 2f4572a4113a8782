/**
 * What the pane asks of a telephone, whichever it is: our own SIP telephone (`sip.js`), or another later.
 *
 * @typedef {object} Credentials as the server hands them to the pane that holds the phone
 * @property {string} uri
 * @property {string} username
 * @property {string} password
 * @property {string|null} expiresAt
 * @property {RTCIceServer[]} iceServers
 *
 * @typedef {object} Report a fact about a call for the server
 * @property {string} sipCallId
 * @property {"dialled"|"ringing"|"answered"|"held"|"resumed"|"ended"} kind
 * @property {"inbound"|"outbound"} direction
 * @property {string} number
 * @property {string} at ISO 8601
 * @property {string} [dialId]
 * @property {number} [sipStatus]
 * @property {string} [cause] Q.850's number
 * @property {"agent"|"far"} [by]
 *
 * @typedef {object} PhoneListener
 * @property {(phase: import("../state/types.js").PhonePhase, code: string|null) => void} onPhase
 * @property {(up: boolean) => void} onSignalling whether anything can be asked of FCC now: hold, digits
 * @property {(call: import("../state/types.js").PhoneCall) => void} onCall
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
 * @property {import("../host/port.js").ClickedRecord|null} record that the number was clicked on
 *
 * @typedef {object} Preparation a call to be, while the connector judges whether it may be dialled
 * @property {(dial: Dial) => Promise<void>} call
 * @property {() => void} abandon it is not made: let go what was opened for it
 *
 * @typedef {object} Phone
 * @property {(credentials: Credentials) => void} start
 * @property {() => void} stop give the phone up: unregister, and close when no call is left
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
