/** How numbers and times are written. Pure. */

const POLISH_MOBILE = /^(?:45|50|51|53|57|60|66|69|72|73|78|79|88)/;

/**
 * A telephone number as people read it; Polish numbers without the country code.
 *
 * @param {string} number E.164, or whatever was typed or sent
 * @returns {string}
 */
export function formatNumber(number) {
  const trimmed = number.trim();
  const digits = trimmed.replace(/[^\d+]/g, "");
  const polish = /^\+48(\d{9})$/.exec(digits) ?? /^(\d{9})$/.exec(digits);
  if (polish) {
    const national = /** @type {string} */ (polish[1]);
    return POLISH_MOBILE.test(national)
      ? national.replace(/(\d{3})(\d{3})(\d{3})/, "$1 $2 $3")
      : national.replace(/(\d{2})(\d{3})(\d{2})(\d{2})/, "$1 $2 $3 $4");
  }
  const foreign = /^\+(1|7|2[07]|3[0-469]|4[013-79]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(\d{4,12})$/.exec(digits);
  if (foreign) {
    const rest = /** @type {string} */ (foreign[2]).replace(/(\d{3})(?=\d{2})/g, "$1 ");
    return `+${foreign[1]} ${rest}`;
  }
  return trimmed;
}

/**
 * A length of time: minutes and seconds, hours only when there are any.
 *
 * @param {number} milliseconds below nought counts as nought
 * @returns {string} "04:37", "1:02:09"
 */
export function formatDuration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/**
 * The letters in the square before a name: the first of the first two words.
 *
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.trim().split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words.slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
}
