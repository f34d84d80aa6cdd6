/** How this browser likes the page. Kept here only, and nothing in it names an app. */

const KEY = "logshuttle.tail";

/**
 * @typedef {object} Settings
 * @property {"auto" | "light" | "dark"} theme
 * @property {"off" | "local" | "utc"} time
 * @property {boolean} hour12
 * @property {boolean} wrap
 * @property {boolean} ansi
 * @property {boolean} json Lines that are JSON as message and fields.
 * @property {boolean} fold Traces behind their heads.
 * @property {number} size Pixels of the lines' font.
 * @property {boolean} announce To screen readers.
 */

export const SIZES = { least: 10, most: 22 };

/** @type {Settings} */
const DEFAULTS = {
  theme: "auto",
  time: "local",
  hour12: false,
  wrap: window.matchMedia("(max-width: 700px)").matches,
  ansi: true,
  json: true,
  fold: false,
  size: 13,
  announce: false,
};

/** @returns {Settings} */
export function loadSettings() {
  const settings = { ...DEFAULTS };
  for (const [name, value] of Object.entries(stored())) {
    if (isLegal(name, value)) Object.assign(settings, { [name]: value });
  }
  return settings;
}

/** @param {Settings} settings */
export function saveSettings(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing: the settings hold until the page is left.
  }
}

/** @returns {Record<string, unknown>} */
function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function isLegal(name, value) {
  if (name === "theme") return ["auto", "light", "dark"].includes(String(value));
  if (name === "time") return ["off", "local", "utc"].includes(String(value));
  if (name === "size") return Number(value) >= SIZES.least && Number(value) <= SIZES.most;
  return name in DEFAULTS && typeof value === "boolean";
}
