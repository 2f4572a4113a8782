/**
 * What the pane asks of the page around it, and hears from it, whichever page that is: Salesforce's softphone panel
 * (`open-cti.js`), or another later. Nothing runs here.
 *
 * A host's promises are rejected where the page refuses or does not answer; nothing throws.
 *
 * @typedef {object} HostHello
 * @property {string|null} problem the code of why nothing can be asked of the page; null: it can
 *
 * @typedef {object} ClickedRecord the record that a clicked number stood on, as the command `dial` takes it
 * @property {string} recordId
 * @property {string} objectType
 * @property {string} recordName
 * @property {string} [accountId]
 * @property {string} [contactId]
 * @property {boolean} [personAccount]
 *
 * @typedef {object} HostListener
 * @property {(hello: HostHello) => void} onReady the page is there; said again after it came anew
 * @property {(number: string, record: ClickedRecord|null) => void} onNumberClicked the number as it stands on the page
 *
 * @typedef {object} Host
 * @property {() => void} start tell the page that we listen
 * @property {(recordId: string) => Promise<void>} openRecord
 * @property {() => Promise<void>} showPhone bring the phone to the agent's sight
 * @property {(on: boolean) => Promise<void>} makeNumbersClickable
 * @property {(on: boolean) => Promise<void>} showRinging where the phone is put away
 * @property {() => string} withholder the code of what around the pane withholds the microphone, should the pane's document not have it; it
 *   begins with `mic-`
 * @property {(code: string) => string|null} sentence what the agent is told of a code of this host's, in their language; null: it has no such code
 */
export {};
