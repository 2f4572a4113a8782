/** Before and after: starting, signed out, refused. */
import { html } from "lit/html.js";

import { action, icon } from "./parts.js";

/** @typedef {import("./parts.js").Context} Context */
/** @typedef {import("./parts.js").Template} Template */

/**
 * @param {Context} context
 * @returns {import("./parts.js").Content}
 */
export function starting({ t }) {
  return { body: html`<div class="middle" role="status"><div class="spinner" aria-hidden="true"></div><p class="muted">${t("starting")}</p></div>` };
}

/**
 * @param {Context} context
 * @returns {import("./parts.js").Content}
 */
export function over(context) {
  const { t, act } = context;
  return {
    body: html`<div class="middle" role="alert"><span class="middle-icon">${icon(context, "lock")}</span><h1 tabindex="-1">${t("over-title")}</h1><p class="muted">${t("over-text")}</p></div>`,
    begins: action(context, { kind: "brand", icon: "refresh", label: t("over-button"), test: "sign-in", onClick: act.signIn }),
  };
}

/**
 * @param {Context} context
 * @returns {import("./parts.js").Content}
 */
export function refused(context) {
  const { t } = context;
  return {
    body: html`<div class="middle" role="alert"><span class="middle-icon">${icon(context, "ban")}</span><h1 tabindex="-1">${t("refused-title")}</h1><p class="muted">${t("refused-text", { code: "channel-refused" })}</p></div>`,
  };
}
