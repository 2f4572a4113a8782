/** What a call came to, as far as this phone can tell. Pure. */

/** @typedef {import("../state/types.js").Outcome} Outcome */

const BY_Q850 = new Map(
  /** @type {[number, Outcome][]} */ ([
    [17, "BUSY"],
    [18, "NO ANSWER"], [19, "NO ANSWER"], [20, "NO ANSWER"],
    [1, "FAILED"], [21, "FAILED"], [28, "FAILED"], [34, "FAILED"], [38, "FAILED"],
  ]),
);

/**
 * The cause in the Reason headers of a SIP message.
 * Source: RFC 3326, section 2; Q.850 for the numbers.
 *
 * @param {string[]} headers values of every Reason header
 * @returns {number|null}
 */
export function q850Cause(headers) {
  for (const header of headers) {
    for (const value of header.split(/,(?=\s*[A-Za-z0-9.]+\s*;)/)) {
      const found = /^\s*Q\.850\s*;.*?\bcause\s*=\s*(\d{1,3})/i.exec(value);
      if (found) return Number(found[1]);
    }
  }
  return null;
}

/**
 * The provisional outcome of a call that ended; the server's replaces it.
 *
 * @param {{answered: boolean, rang: boolean, cause: number|null, status: number|null}} facts
 * @returns {Outcome}
 */
export function provisionalOutcome({ answered, rang, cause, status }) {
  if (answered) return "ANSWERED";
  const known = cause === null ? undefined : BY_Q850.get(cause);
  if (known) return known;
  if (status === 486 || status === 600) return "BUSY";
  if (status === 603 || status === 403) return rang ? "BUSY" : "FAILED";
  if (status === 408 || status === 480 || status === 487) return "NO ANSWER";
  if (status === null) return "NO ANSWER";
  return "FAILED";
}
