/**
 * The words the pane's modules share. Nothing runs here.
 *
 * What goes over the channel is described in docs/pane-channel.md; its types are made from the server's models.
 *
 * @typedef {import("../channel-types.js").PresenceClass} PresenceClass
 * @typedef {import("../channel-types.js").StatusShown} Status
 * @typedef {import("../channel-types.js").PresenceShown} Presence
 * @typedef {Omit<import("../channel-types.js").RecordShown, "reason"> & {reason?: string|null}} RecordRef
 * @typedef {import("../channel-types.js").LogShown} CallLog
 * @typedef {import("../channel-types.js").CallShown} ServerCall
 * @typedef {import("../channel-types.js").Problem} Reason
 * @typedef {import("../channel-types.js").CapabilitiesShown} Capabilities
 *
 * @typedef {"dial"|"answer"|"hangUp"|"hold"|"mute"|"tone"|"consult"|"transfer"|"status"|"view"|"sound"} Ability what a phone can:
 *   `answer` a ring, or refuse it; `tone` send digits in a call; `status`: the agent's status can be chosen; `view`: it shows calls, and
 *   what can be done, by itself; `sound`: a call's sound runs in this page, which needs the microphone and takes the call along when it goes.
 *
 * @typedef {object} PhoneCall a call as this pane's own phone knows it; times in milliseconds since the epoch.
 * @property {string} id the phone's own name of it
 * @property {string|null} sipCallId of its SIP dialog, where the phone speaks SIP
 * @property {number|null} callsId FCC's id of it, where the phone was told
 * @property {string|null} dialId
 * @property {"inbound"|"outbound"} direction
 * @property {string} number
 * @property {string|null} name the name the other side's phone gave
 * @property {"calling"|"ringing"|"talking"|"ended"} state
 * @property {boolean} early the far end sends sound before it answers
 * @property {boolean} held
 * @property {boolean} holdPending hold or resume was asked for and is not agreed on yet
 * @property {boolean} heldByFar
 * @property {boolean} muted
 * @property {boolean} silent nothing has been heard from the far end for some seconds
 * @property {number} startedAt
 * @property {number|null} answeredAt
 * @property {number|null} endedAt
 * @property {Outcome|null} outcome
 * @property {"agent"|"far"|"network"|null} by
 *
 * @typedef {"ANSWERED"|"BUSY"|"NO ANSWER"|"FAILED"} Outcome
 *
 * @typedef {"connecting"|"open"|"lost"|"over"|"refused"} LinkState
 * @typedef {"connecting"|"registered"|"unregistered"|"failed"} PhonePhase
 *
 * @typedef {object} Notice
 * @property {string} code
 * @property {string} message
 * @property {"error"|"warning"|"info"} tone
 * @property {{label: string, action: NoticeAction}|null} [button]
 *
 * @typedef {"microphone.check"|"sound.unlock"|"phone.retry"} NoticeAction
 *
 * @typedef {object} MicrophoneState
 * @property {"unknown"|"allowed"|"ask"|"blocked"} state
 * @property {string|null} code of what withheld it, a key of the translations or the host's
 *
 * @typedef {object} State everything the screens are drawn from.
 * @property {LinkState} link
 * @property {boolean} everOpen the channel was open at least once
 * @property {number|null} lostSince when the channel was lost, by our clock, in milliseconds
 * @property {boolean|null} leader this pane holds the agent's phone; null until the server said
 * @property {readonly Ability[]} can what this pane's phone can
 * @property {PhonePhase} phone
 * @property {string|null} phoneCode
 * @property {boolean} signalling the phone's socket is open: hold and digits can be asked for
 * @property {Presence|null} presence
 * @property {number|null} pendingStatusId
 * @property {Status[]} statuses
 * @property {Capabilities} capabilities
 * @property {ServerCall[]} calls newest last
 * @property {PhoneCall|null} phoneCall
 * @property {{number: string, since: number}|null} dialling a dial was asked for and has no call yet
 * @property {{dialId: string, record: RecordRef}|null} dialled the record that the last dial was made from
 * @property {MicrophoneState} microphone
 * @property {Notice[]} notices
 * @property {number} clockOffset the server's clock minus ours, in milliseconds
 * @property {boolean} menuOpen
 * @property {boolean} keypadOpen
 * @property {string} dialText
 * @property {string} tones digits sent in this call
 */
export {};
