/** The contract of the channel, docs/pane-channel.schema.json, as this side's tests use it. */
import { readFileSync } from "node:fs";

import Ajv from "ajv";

const schema = JSON.parse(readFileSync(new URL("../../docs/pane-channel.schema.json", import.meta.url), "utf8"));
delete schema.$schema; // the keywords it uses mean the same in the dialect that this validator knows
const ajv = new Ajv({ allErrors: true, unknownFormats: "ignore" });
ajv.addSchema({ ...schema, $id: "channel" });

/** @param {string} name @param {unknown} message */
const problems = (name, message) => (ajv.validate(`channel#/$defs/${name}`, message) ? null : ajv.errorsText());

/** What is wrong with a command of the pane; null when nothing is. @param {object} command */
export const commandProblems = (command) => problems(`command.${command.type}`, command);

/** What is wrong with an event of the server. @param {object} event */
export const eventProblems = (event) => problems(`event.${event.type}`, event);
