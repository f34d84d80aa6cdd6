/**
 * Keys and values of a line that is JSON, as rows show them and filters ask for them, or of logfmt.
 * Bounded: lines are anybody's.
 */

import { DEEPEST_FIELD, fieldText, jsonIn } from "../list/json.js";

/**
 * @typedef {import("./fragment.js").Field} Field
 * @typedef {import("../types.js").Line} Line
 *
 * @typedef {object} Fields
 * @property {string} message Empty: the line has none.
 * @property {[string, string][]} pairs Keys with dots where they are nested, and their values.
 */

const MESSAGES = ["msg", "message", "@m", "event", "@mt", "short_message", "textPayload"];
/** What the row shows beside the message: its time, its level. */
const TOLD = new Set([
  "time", "ts", "timestamp", "@timestamp", "@t", "level", "levelname", "level_name", "log.level",
  "loglevel", "log_level", "lvl", "severity", "@l",
]);
const LOGFMT = /(?<=^|\s)([A-Za-z_][\w.@-]{0,100})=("[^"]*"|[^\s"]*)(?=\s|$)/g;
const QUOTED = /^"(.*)"$/;
const MOST_PAIRS = 60;
const MOST_TEXT = 20_000; // characters of a line that is looked at
const MOST_NAME = 500; // characters

/** @param {string} plain @returns {Fields | null} Null: it is shown as it is. */
export function fieldsIn(plain) {
  const object = objectIn(plain);
  if (!object) return null;
  const pairs = pairsOf(object);
  const message = MESSAGES.find((name) => typeof object[name] === "string" && object[name].trim());
  const shown = pairs.filter(([name]) => name !== message && !TOLD.has(name));
  if (!message && !shown.length) return null; // all of it would be told elsewhere
  return { message: message ? object[message] : "", pairs: shown };
}

/**
 * @param {Line} line
 * @param {Field[]} fields
 * @returns {boolean} Whether the line has all of them.
 */
export function hasFields(line, fields) {
  const others = fields.filter(({ name, value }) => name !== "tag" || value !== line.tag);
  if (!others.length) return true;
  const isPlain = !line.plain.includes("\\"); // else keys may be spelled with escapes
  const names = others.map(({ name }) => name.slice(name.lastIndexOf(".") + 1));
  if (isPlain && names.some((name) => !line.plain.includes(name))) return false;
  const object = objectIn(line.plain);
  const pairs = new Map(object ? pairsOf(object) : logfmtIn(line.plain));
  return others.every(({ name, value }) =>
    value === null ? hasKey(pairs, name) : pairs.get(name) === value);
}

/** @param {string} plain @returns {[string, string][]} What stands in it as `key=value`. */
export function logfmtIn(plain) {
  /** @type {[string, string][]} */
  const pairs = [];
  for (const [, name, value] of plain.slice(0, MOST_TEXT).matchAll(LOGFMT)) {
    if (pairs.length >= MOST_PAIRS) break;
    pairs.push([name, fieldText(value.replace(QUOTED, "$1"))]);
  }
  return pairs;
}

/** @param {string} plain @returns {Record<string, any> | null} */
function objectIn(plain) {
  if (plain.length > MOST_TEXT || !/^\s*\{/.test(plain) || !/\}\s*$/.test(plain)) return null;
  const value = jsonIn(plain);
  return value && !Array.isArray(value) ? value : null;
}

/**
 * @param {Map<string, string>} pairs
 * @param {string} name Also of a part that has parts itself.
 */
function hasKey(pairs, name) {
  return pairs.has(name) || [...pairs.keys()].some((key) => key.startsWith(`${name}.`));
}

/** @param {Record<string, any>} object @returns {[string, string][]} */
function pairsOf(object) {
  /** @type {[string, string][]} */
  const pairs = [];
  /**
   * @param {Record<string, any>} part
   * @param {string} prefix
   * @param {number} depth
   */
  const gather = (part, prefix, depth) => {
    for (const [key, value] of Object.entries(part)) {
      if (pairs.length >= MOST_PAIRS) return;
      const name = `${prefix}${key}`;
      const isNested = value && typeof value === "object" && !Array.isArray(value) && depth < DEEPEST_FIELD;
      if (isNested && Object.keys(value).length) gather(value, `${name}.`, depth + 1);
      else pairs.push([name.slice(0, MOST_NAME), fieldText(value)]);
    }
  };
  gather(object, "", 1);
  return pairs;
}
