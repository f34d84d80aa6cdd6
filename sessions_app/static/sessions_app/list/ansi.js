/**
 * Terminal escape sequences: colours (SGR) become styles, all others are taken out.
 *
 * Hostile lines are expected: the work is linear in the text, and runs and parameters are bounded.
 *
 * @typedef {object} Style
 * @property {number | string | null} fg 0 to 15: a colour of the theme; else an rgb() text.
 * @property {number | string | null} bg
 * @property {boolean} bold
 * @property {boolean} dim
 * @property {boolean} italic
 * @property {boolean} underline
 * @property {boolean} strike
 * @property {boolean} inverse
 *
 * @typedef {{text: string, style: Style | null}} Run Style null: plain.
 */

const ESC = "\x1b";
const MAX_RUNS = 500;
const MAX_PARAMETERS = 256; // characters
const MAX_STRING = 4096; // of an OSC or its like; longer ones are no such thing

const CSI = /\x1b\[([0-?]*)[ -/]*([@-~])/y;
const TWO_CHARACTERS = /\x1b[ -/]*[0-~]/y;
const STRING_END = /[\x07\x9c]|\x1b\\/g;
const BEGINS_STRING = "]PX^_";

/**
 * @param {string} text
 * @returns {string} The text without escape sequences.
 */
export function plainOf(text) {
  if (!text.includes(ESC)) return text;
  return parseAnsi(text).map((run) => run.text).join("");
}

/**
 * @param {string} text
 * @returns {Run[]} At most MAX_RUNS and one more, which has no style.
 */
export function parseAnsi(text) {
  /** @type {Run[]} */
  const runs = [];
  /** @type {string[]} */
  let parts = [];
  /** @type {Style | null} */
  let style = null;
  const endOfString = endFinder(text);
  const close = () => {
    if (parts.length) runs.push({ text: parts.join(""), style });
    parts = [];
  };
  let at = 0;
  while (at < text.length) {
    const begin = text.indexOf(ESC, at);
    if (begin !== at) parts.push(text.slice(at, begin < 0 ? text.length : begin));
    if (begin < 0) break;
    CSI.lastIndex = begin;
    const csi = text[begin + 1] === "[" ? CSI.exec(text) : null;
    if (csi) {
      at = CSI.lastIndex;
      if (csi[2] === "m" && csi[1].length <= MAX_PARAMETERS) {
        close();
        style = runs.length < MAX_RUNS ? styled(style, csi[1]) : null;
      }
      continue;
    }
    at = text[begin + 1] === "[" ? -1 : endOfEscape(text, begin, endOfString);
    if (at < 0) {
      parts.push(ESC); // it begins nothing: shown as the control character that it is
      at = begin + 1;
    }
  }
  close();
  return runs;
}

/**
 * @param {string} text
 * @param {number} begin
 * @param {(from: number) => number} endOfString
 * @returns {number} Where the sequence ends, or -1.
 */
function endOfEscape(text, begin, endOfString) {
  if (begin + 1 < text.length && BEGINS_STRING.includes(text[begin + 1])) {
    const end = endOfString(begin + 2);
    return end > 0 && end - begin <= MAX_STRING ? end : -1;
  }
  TWO_CHARACTERS.lastIndex = begin;
  return TWO_CHARACTERS.test(text) ? TWO_CHARACTERS.lastIndex : -1;
}

/**
 * A text of many beginnings and one end is searched once, not once for each beginning.
 *
 * @param {string} text
 */
function endFinder(text) {
  let start = -1;
  let end = -1;
  /** @param {number} from */
  return (from) => {
    if (start < from && start !== Infinity) {
      STRING_END.lastIndex = from;
      const found = STRING_END.exec(text);
      start = found ? found.index : Infinity;
      end = found ? STRING_END.lastIndex : -1;
    }
    return end;
  };
}

/** @type {Style} */
const PLAIN = Object.freeze({
  fg: null, bg: null, bold: false, dim: false, italic: false,
  underline: false, strike: false, inverse: false,
});

/** @type {Record<number, Partial<Style>>} */
const SWITCHES = {
  1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true },
  7: { inverse: true }, 9: { strike: true }, 21: { underline: true },
  22: { bold: false, dim: false }, 23: { italic: false }, 24: { underline: false },
  27: { inverse: false }, 29: { strike: false }, 39: { fg: null }, 49: { bg: null },
};

/**
 * @param {Style | null} before
 * @param {string} parameters
 * @returns {Style | null}
 */
function styled(before, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  /** @type {Style | null} */
  let style = before;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i];
    if (code === 0) style = null;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(codes, i + 1);
      i += used;
      style = { ...(style ?? PLAIN), [code === 38 ? "fg" : "bg"]: colour };
    } else {
      const change = SWITCHES[code] ?? basic(code);
      if (change) style = { ...(style ?? PLAIN), ...change };
    }
  }
  return style;
}

/**
 * @param {number} code
 * @returns {Partial<Style> | null}
 */
function basic(code) {
  if (code >= 30 && code <= 37) return { fg: code - 30 };
  if (code >= 40 && code <= 47) return { bg: code - 40 };
  if (code >= 90 && code <= 97) return { fg: code - 82 };
  if (code >= 100 && code <= 107) return { bg: code - 92 };
  return null;
}

/**
 * `5;n` of 256 colours, or `2;r;g;b`.
 *
 * @param {number[]} codes
 * @param {number} at
 * @returns {[number | string | null, number]} The colour, and how many codes it took.
 */
function extended(codes, at) {
  if (codes[at] === 5) return [indexed(codes[at + 1]), 2];
  if (codes[at] === 2) return [rgb(codes[at + 1], codes[at + 2], codes[at + 3]), 4];
  return [null, 1];
}

/**
 * @param {number} index
 * @returns {number | string | null}
 */
function indexed(index) {
  if (!(index >= 0 && index <= 255)) return null;
  if (index < 16) return index;
  if (index >= 232) return rgb(...grey(8 + (index - 232) * 10));
  const level = (/** @type {number} */ n) => (n ? 55 + n * 40 : 0);
  const cube = index - 16;
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

/**
 * @param {number} value
 * @returns {[number, number, number]}
 */
function grey(value) {
  return [value, value, value];
}

/**
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 */
function rgb(red, green, blue) {
  const all = [red, green, blue].map((part) => Math.min(255, Math.max(0, Math.trunc(part) || 0)));
  return `rgb(${all.join(" ")})`;
}
