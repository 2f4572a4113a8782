/** How numbers and times are written. Pure. */

/**
 * How the Polish plan groups the digits after +48, by how they begin and how many they are. Source: the libphonenumber
 * metadata, by which the server writes numbers. Digits of no number in the plan are not grouped there either.
 *
 * @type {[RegExp, RegExp, string][]}
 */
const GROUPS = [
  [/^(?:21(?:1[013-5]|2\d|3[1-9])|(?:45|5[0137]|6[0469]|7[2389]|88|39)\d\d|(?:70[01346-8]|80[014])\d)\d{5}$/, /(\d{3})(\d{3})(\d{3})/, "$1 $2 $3"],
  [/^800\d{7}$/, /(\d{3})(\d{3})(\d{4})/, "$1 $2 $3"],
  [/^(?:1[2-8]|2[2-69]|3[2-4]|4[1-46-8]|5[24-689]|6[1-3578]|7[14-7]|8[1-79]|9[145])\d{7}$/, /(\d{2})(\d{3})(\d{2})(\d{2})/, "$1 $2 $3 $4"],
  [/^(?:1[2-8]|2[2-69]|3[2-4]|4[1-468]|5[24-689]|6[1-3578]|7[14-7]|8[1-79]|9[145])19\d{3}$/, /(\d{2})(\d{2})(\d{3})/, "$1 $2 $3"],
];

/**
 * A telephone number as people read it, until the server has written it: Polish numbers in groups and without the country
 * code, others as they are, for each country groups its own way.
 *
 * @param {string} number E.164, or whatever was typed or sent
 * @returns {string}
 */
export function formatNumber(number) {
  const trimmed = number.trim();
  const national = /^(?:\+48)?(\d+)$/.exec(trimmed.replace(/[\s().-]/g, ""))?.[1] ?? "";
  for (const [plan, digits, groups] of GROUPS) {
    if (plan.test(national)) return national.replace(digits, groups);
  }
  return trimmed;
}

const ABOUT = "(?:numer|nr|telefon|dzwoniacy|number|caller|call|phone|id|the|is)";
const WITHHELD = new RegExp(
  `^(?:${ABOUT} )*(?:anonymous|anonim|anonimowy|restricted|zastrzezony|private|prywatny|unavailable|not available|niedostepny|unknown`
  + `|nieznany|withheld|hidden|ukryty|blocked|zablokowany)(?: ${ABOUT})*$`,
);

/**
 * Whether what stands in the place of a number says that the caller does not show it; nothing says so too.
 *
 * @param {string} number
 * @returns {boolean}
 */
export function isWithheld(number) {
  if (number.trim() === "") return true;
  if (/\d/.test(number)) return false;
  const letters = number.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return WITHHELD.test((letters.match(/\p{L}+/gu) ?? []).join(" "));
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
