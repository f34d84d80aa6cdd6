/** How bad a line is, as far as its text says so. */

/** @typedef {import("../types.js").Level} Level */

export const LEVELS = /** @type {const} */ (["error", "warn", "info", "debug", "none"]);

const LOOK_AT = 400; // characters: the level stands near the beginning
const LOOK_AT_JSON = 4000; // there it may stand behind the message
const FIELD =
  /["']?(?:\b(?:log[._]?level|level_?name|level|lvl|severity(?:[._]?text)?)|@l)["']?\s*[:=]\s*["']?([A-Za-z]+|\d{2})\b/i;
const UPPER = /\b(EMERG(?:ENCY)?|ALERT|CRIT(?:ICAL)?|FATAL|PANIC|SEVERE|ERROR|ERR|WARN(?:ING)?|NOTICE|INFO|DEBUG|TRACE|VERBOSE)\b/;
const BRACKETED = /[[(<](error|err|fatal|crit|warn|warning|notice|info|debug|trace)[\])>]/i;
const LEADING = /^\W{0,3}(error|fatal|panic|warn|warning|info|notice|debug|trace)\b\s*[:\]|-]/i;
const KLOG = /^([IWEF])\d{4} \d\d:/;
/** Lines that name no level and are errors all the same: what runtimes and servers write of them. */
const FAILURE =
  /^\s*Traceback \(most recent|^(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception)\b(?::|$)|^fatal error: |\bException in thread |\b(?:unhandled|uncaught)(?: promise)? (?:exception|rejection|error)\b|\b500 Internal Server Error\b/i;
const STATUS = /\bstatus=([45])\d\d\b/;

/** @type {Record<string, Level>} */
const NAMES = {
  emerg: "error", emergency: "error", alert: "error", crit: "error", critical: "error",
  fatal: "error", panic: "error", severe: "error", error: "error", err: "error", e: "error",
  f: "error", warn: "warn", warning: "warn", w: "warn", notice: "info", info: "info", i: "info",
  information: "info", debug: "debug", trace: "debug", verbose: "debug",
  60: "error", 50: "error", 40: "warn", 30: "info", 20: "debug", 10: "debug",
};

/**
 * A field named level first (JSON, logfmt), then a word where levels stand; of a router's line the
 * status that it was answered with.
 *
 * @param {string} text Without escape sequences.
 * @param {string} source
 * @returns {Level}
 */
export function levelOf(text, source) {
  if (source === "router") {
    const status = STATUS.exec(text.slice(0, LOOK_AT_JSON));
    return status ? (status[1] === "5" ? "error" : "warn") : "";
  }
  const start = text.slice(0, LOOK_AT);
  for (const pattern of [FIELD, KLOG, UPPER, BRACKETED, LEADING]) {
    const found = pattern.exec(pattern === FIELD && text[0] === "{" ? text.slice(0, LOOK_AT_JSON) : start);
    const level = found && NAMES[found[1].toLowerCase()];
    if (level) return level;
  }
  return FAILURE.test(start) ? "error" : "";
}
