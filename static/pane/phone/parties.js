/**
 * Who calls, as exchanges write it. JsSIP drops a message whole whose From or To it cannot read, and with it the call; so
 * it gets to read the same in a form that it can. What stands behind the address, the tag foremost, stays as it came.
 *
 * At an escape that is no UTF-8 (%B3) JsSIP throws, also where it only says which way answers go.
 *
 * Source: RFC 3261, sections 20.10 and 25.1: a display name of other than ASCII words must be quoted, which not all do;
 * RFC 7118, section 5: messages come as text or as bytes.
 */
import { Grammar } from "jssip";

const PARTY = /^(From|To|f|t)([ \t]*:[ \t]*)([^\r\n]*)/gim;
const ADDRESS = /^(?<name>[^<>]*)<(?<uri>[^<>]*)>(?<behind>[^<>]*)$/;
const WAY = /^(?:Contact|m|Record-Route)[ \t]*:[^\r\n]*/gim;
const ESCAPES = /(?:%[\da-f]{2})+/gi;
const NUMBER = /^(?:sips?|tel):(?<user>[^@;?]*)/i;

/**
 * A message as JsSIP can read it.
 *
 * @param {unknown} data as it came over the socket
 * @returns {unknown}
 */
export function withReadableParties(data) {
  const message = data instanceof ArrayBuffer ? decoded(data) : data;
  if (typeof message !== "string") return message;
  const end = message.indexOf("\r\n\r\n");
  const head = end < 0 ? message : message.slice(0, end);
  const parties = head.replace(PARTY, (_, name, colon, value) => `${name}${colon}${readableParty(value)}`);
  return parties.replace(WAY, (way) => way.replace(ESCAPES, readableEscapes)) + message.slice(head.length);
}

/**
 * @param {string} escapes
 * @returns {string} the same where they are UTF-8, else their letters as they stand
 */
function readableEscapes(escapes) {
  try {
    decodeURIComponent(escapes);
    return escapes;
  } catch {
    return escapes.replaceAll("%", "%25");
  }
}

/**
 * @param {ArrayBuffer} bytes
 * @returns {string} UTF-8; where they are none, what Polish programs of old wrote
 */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1250").decode(bytes);
  }
}

/**
 * @param {string} value of From or To; JsSIP has one rule for both
 * @returns {boolean} false too where JsSIP throws: at an escape (%B3) that is no UTF-8
 */
function isRead(value) {
  try {
    return Grammar.parse(value, "From") !== -1;
  } catch {
    return false;
  }
}

/**
 * @param {string} value of From or To
 * @returns {string}
 */
function readableParty(value) {
  if (isRead(value)) return value;
  const { name, uri, behind } = ADDRESS.exec(value)?.groups ?? {};
  if (name === undefined || uri === undefined || behind === undefined) return value;
  const words = name.replace(/["\\]/g, " ").replace(/\s+/g, " ").trim();
  const address = isRead(`<${uri}>`) ? uri : `sip:${encodeURIComponent(NUMBER.exec(uri)?.groups?.["user"] ?? "")}@unreadable.invalid`;
  return `${words ? `"${words}" ` : ""}<${address}>${behind}`;
}
