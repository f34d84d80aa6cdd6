/** How bad a line is, as far as its text says so. */

/** @typedef {import("../types.js").Level} Level */

export const LEVELS = /** @type {const} */ (["error", "warn", "info", "debug"]);

const LOOK_AT = 400; // characters: the level stands near the beginning
const FIELD = /["']?\b(?:log[._]?level|level|lvl|severity)["']?\s*[:=]\s*["']?([A-Za-z]+|\d{2})\b/i;
const UPPER = /\b(EMERG(?:ENCY)?|ALERT|CRIT(?:ICAL)?|FATAL|PANIC|SEVERE|ERROR|ERR|WARN(?:ING)?|NOTICE|INFO|DEBUG|TRACE|VERBOSE)\b/;
const BRACKETED = /[[(<](error|err|fatal|crit|warn|warning|notice|info|debug|trace)[\])>]/i;
const LEADING = /^\W{0,3}(error|fatal|panic|warn|warning|info|notice|debug|trace)\b\s*[:\]|-]/i;
const KLOG = /^([IWEF])\d{4} \d\d:/;

/** @type {Record<string, Level>} */
const NAMES = {
  emerg: "error", emergency: "error", alert: "error", crit: "error", critical: "error",
  fatal: "error", panic: "error", severe: "error", error: "error", err: "error", e: "error",
  f: "error", warn: "warn", warning: "warn", w: "warn", notice: "info", info: "info", i: "info",
  information: "info", debug: "debug", trace: "debug", verbose: "debug",
  60: "error", 50: "error", 40: "warn", 30: "info", 20: "debug", 10: "debug",
};

/**
 * A field named level first (JSON, logfmt), then a word where levels stand.
 *
 * @param {string} text Without escape sequences.
 * @returns {Level}
 */
export function levelOf(text) {
  const start = text.length > LOOK_AT ? text.slice(0, LOOK_AT) : text;
  for (const pattern of [FIELD, KLOG, UPPER, BRACKETED, LEADING]) {
    const found = pattern.exec(start);
    const level = found && NAMES[found[1].toLowerCase()];
    if (level) return level;
  }
  return "";
}
