/** Words on the screen, in the agent's language. */
import { en } from "./en.js";
import { pl } from "./pl.js";

/** @typedef {keyof typeof pl} Key */
/** @typedef {(key: Key, values?: Record<string, string|number>) => string} Translate */

/** @type {Record<"pl"|"en", Record<Key, string>>} */
const languages = { pl, en };

/**
 * @param {string} language "pl…" is Polish, anything else English
 * @returns {"pl"|"en"}
 */
export function spoken(language) {
  return /^pl\b/i.test(language) ? "pl" : "en";
}

/**
 * @param {string} language see `spoken`
 * @returns {Translate}
 */
export function translator(language) {
  const words = languages[spoken(language)];
  return (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * @param {string} key
 * @returns {key is Key}
 */
export function isKey(key) {
  return Object.hasOwn(pl, key);
}
