/** Points in time as people read them. */

import { plural } from "../page/dom.js";

/** @typedef {import("../types.js").Look} Look */

const MINUTE_MS = 60_000;
/** In minutes. @type {[string, number][]} */
const UNITS = [["day", 1440], ["hour", 60], ["minute", 1]];

const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
const three = (/** @type {number} */ value) => String(value).padStart(3, "0");

/**
 * `14:03:07.120`; with the day in front when it is not today.
 *
 * @param {number} ms Epoch milliseconds.
 * @param {Pick<Look, "time" | "hour12">} look
 * @returns {string}
 */
export function clock(ms, look) {
  if (Number.isNaN(ms)) return "--:--:--";
  const utc = look.time === "utc";
  const [month, day, hour, minute, second, fraction] = parts(new Date(ms), utc);
  const shown = look.hour12 ? two(hour % 12 || 12) : two(hour);
  const half = look.hour12 ? (hour < 12 ? " am" : " pm") : "";
  const [thisMonth, today] = parts(new Date(), utc);
  const date = month === thisMonth && day === today ? "" : `${two(month)}-${two(day)} `;
  return `${date}${shown}:${two(minute)}:${two(second)}.${three(fraction)}${half}`;
}

/**
 * @param {Date} at
 * @param {boolean} utc
 */
function parts(at, utc) {
  return utc
    ? [at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds()]
    : [at.getMonth() + 1, at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds(), at.getMilliseconds()];
}

/** @param {number} ms @returns {string} With date and zone, for the detail pane. */
export function localLong(ms) {
  if (Number.isNaN(ms)) return "unknown";
  return new Date(ms).toLocaleString(undefined, {
    dateStyle: "medium", timeStyle: "long",
  });
}

/** @param {number} seconds @returns {string} `58 min`, `40 s`. */
export function remaining(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return left >= 90 ? `${Math.round(left / 60)} min` : `${left} s`;
}

/** @param {number} since Epoch milliseconds. @returns {string} How long ago: `7 days`, `2 hours`. */
export function age(since) {
  const minutes = Math.max(1, Math.round((Date.now() - since) / MINUTE_MS));
  const [unit, size] = UNITS.find(([, each]) => minutes >= 2 * each) ?? UNITS[2];
  return plural(Math.round(minutes / size), unit);
}

/**
 * @param {number} ms
 * @param {boolean} utc
 * @returns {string} As a box for a day and a time has it: `2026-11-23T14:03:07`.
 */
export function boxed(ms, utc) {
  const at = new Date(ms);
  const [month, day, hour, minute, second] = parts(at, utc).map(two);
  const year = utc ? at.getUTCFullYear() : at.getFullYear();
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`;
}

/**
 * @param {string} value Of such a box.
 * @param {boolean} utc
 * @returns {number} Epoch milliseconds; NaN when it is none.
 */
export function unboxed(value, utc) {
  return Date.parse(utc ? `${value}Z` : value);
}
