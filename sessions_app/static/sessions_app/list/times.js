/** Points in time as people read them. */

/** @typedef {import("../types.js").Look} Look */

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
