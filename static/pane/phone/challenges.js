/**
 * By which digest the phone signs in. JsSIP looks at the last challenge of an answer, knows MD5 alone, and cannot read
 * every other; so where an exchange offers several, it gets to read the one that it can answer.
 *
 * Source: RFC 8760, section 2.4: a challenge for each algorithm, the preferred on top; a client takes the first it knows.
 */

const CHALLENGE = /^(?:WWW|Proxy)-Authenticate[ \t]*:[^\r\n]*\r\n/gim;
const ALGORITHM = /[\s,]algorithm[ \t]*=[ \t]*"?([^\s",]+)/i;

/**
 * @param {unknown} data a message, as text
 * @returns {unknown} without the challenges that JsSIP cannot answer, if there is one that it can
 */
export function withKnownChallenge(data) {
  if (typeof data !== "string" || !/^SIP\/2\.0 40[17] /.test(data)) return data;
  const isKnown = (/** @type {string} */ challenge) => (ALGORITHM.exec(challenge)?.[1] ?? "MD5").toUpperCase() === "MD5";
  if (!(data.match(CHALLENGE) ?? []).some(isKnown)) return data;
  return data.replace(CHALLENGE, (challenge) => (isKnown(challenge) ? challenge : ""));
}
