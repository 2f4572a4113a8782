/**
 * What the screens may ask for. Nothing runs here.
 *
 * @typedef {object} Actions
 * @property {(text: string) => void} dialText
 * @property {(key: string) => void} press a key of the dial pad
 * @property {() => void} erase
 * @property {() => void} dial what stands in the field
 * @property {(number: string) => void} redial
 * @property {() => void} answer
 * @property {() => void} reject
 * @property {() => void} hangUp
 * @property {(held: boolean) => void} hold
 * @property {(muted: boolean) => void} mute
 * @property {(tone: string) => void} tone
 * @property {(open: boolean) => void} keypad
 * @property {(open: boolean) => void} menu
 * @property {(statusId: number) => void} chooseStatus
 * @property {(recordId: string) => void} show
 * @property {(callId: string|null, record: import("../state/types.js").RecordRef) => void} choose whom the call is about
 * @property {() => void} takeOver
 * @property {() => void} signIn
 * @property {(code: string) => void} closeNotice
 * @property {(action: import("../state/types.js").NoticeAction) => void} noticeAction
 */
export {};
