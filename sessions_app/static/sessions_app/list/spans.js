/** A line's text as spans: its own colours, and what is highlighted or was looked for. */

import { parseAnsi } from "./ansi.js";
import { appendShown } from "./controls.js";
import { readable } from "./contrast.js";

/**
 * @typedef {import("../types.js").Look} Look
 * @typedef {{start: number, end: number, className: string}} Range
 */

export const MOST_SHOWN = 5000; // characters; the detail pane has more
const MOST_RANGES = 200;

/**
 * @param {HTMLElement} parent
 * @param {string} text With its escape sequences.
 * @param {string} plain Without.
 * @param {Look} look
 */
export function appendText(parent, text, plain, look) {
  const ranges = rangesOf(plain.slice(0, MOST_SHOWN), look);
  const runs = look.ansi && text !== plain ? parseAnsi(text) : [{ text: plain, style: null }];
  let at = 0;
  for (const run of runs) {
    if (at >= MOST_SHOWN) break;
    const shown = run.text.slice(0, MOST_SHOWN - at);
    let target = parent;
    if (run.style) {
      target = document.createElement("span");
      paint(target, run.style);
      parent.append(target);
    }
    appendMarked(target, shown, at, ranges);
    at += shown.length;
  }
  if (plain.length > MOST_SHOWN) {
    const rest = document.createElement("span");
    rest.className = "rest";
    rest.textContent = ` … ${(plain.length - MOST_SHOWN).toLocaleString("en")} more characters`;
    parent.append(rest);
  }
}

/**
 * @param {string} plain
 * @param {Look} look
 * @returns {Range[]} Ascending, without overlaps.
 */
export function rangesOf(plain, look) {
  /** @type {Range[]} */
  const ranges = [];
  for (const [index, term] of look.highlights.entries()) {
    find(plain, term, false, `hl hl-${index + 1}`, ranges);
  }
  if (look.marked) find(plain, look.marked, look.matchCase, "found", ranges);
  if (ranges.length < 2) return ranges;
  ranges.sort((a, b) => a.start - b.start);
  let end = 0;
  return ranges.filter((range) => {
    if (range.start < end) return false;
    end = range.end;
    return true;
  });
}

/**
 * @param {string} plain
 * @param {string} term
 * @param {boolean} matchCase
 * @param {string} className
 * @param {Range[]} into
 */
function find(plain, term, matchCase, className, into) {
  const text = matchCase ? plain : plain.toLowerCase();
  const wanted = matchCase ? term : term.toLowerCase();
  if (text.length !== plain.length) return; // lower case moved the characters: no marks
  let at = text.indexOf(wanted);
  while (at >= 0 && into.length < MOST_RANGES) {
    into.push({ start: at, end: at + wanted.length, className });
    at = text.indexOf(wanted, at + wanted.length);
  }
}

/**
 * @param {HTMLElement} parent
 * @param {string} text
 * @param {number} offset Where the text begins in the line.
 * @param {Range[]} ranges
 */
function appendMarked(parent, text, offset, ranges) {
  let at = 0;
  for (const range of ranges) {
    const start = Math.max(at, range.start - offset);
    const end = Math.min(text.length, range.end - offset);
    if (end <= start) continue;
    if (start > at) appendShown(parent, text.slice(at, start));
    const mark = document.createElement("mark");
    mark.className = range.className;
    appendShown(mark, text.slice(start, end));
    parent.append(mark);
    at = end;
  }
  if (at < text.length) appendShown(parent, text.slice(at));
}

/**
 * @param {HTMLElement} span
 * @param {import("./ansi.js").Style} style
 */
function paint(span, style) {
  const [fg, bg] = style.inverse ? [style.bg ?? "base", style.fg ?? "text"] : [style.fg, style.bg];
  const classes = ["sgr"];
  for (const name of /** @type {const} */ (["bold", "dim", "italic", "underline", "strike"])) {
    if (style[name]) classes.push(name);
  }
  if (bg === "text" || typeof bg === "number") classes.push(`bg-${bg}`);
  else if (bg) span.style.backgroundColor = bg;
  if (fg === "base" || typeof fg === "number") classes.push(`fg-${fg}`);
  else if (fg) span.style.color = bg === null ? readable(fg) : fg;
  span.className = classes.join(" ");
}
