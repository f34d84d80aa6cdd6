/** A line's text as spans: its own colours, its links, what is highlighted or was looked for. */

import { parseAnsi } from "./ansi.js";
import { readable } from "./contrast.js";
import { appendShown } from "./controls.js";
import { anchorOf, linksIn } from "./links.js";

/**
 * @typedef {import("./links.js").Link} Link
 * @typedef {import("./marks.js").Range} Range
 *
 * @typedef {object} Text
 * @property {string} text With its escape sequences.
 * @property {string} plain Without.
 * @property {Range[]} ranges What is marked in it.
 * @property {boolean} ansi Whether its colours are shown.
 * @property {number} most Characters; the detail pane has more.
 */

/**
 * @param {HTMLElement} parent
 * @param {Text} what
 */
export function appendText(parent, { text, plain, ranges, ansi, most }) {
  const links = linksIn(plain.slice(0, most));
  const runs = ansi && text !== plain ? parseAnsi(text) : [{ text: plain, style: null }];
  let at = 0;
  for (const run of runs) {
    if (at >= most) break;
    const shown = run.text.slice(0, most - at);
    let target = parent;
    if (run.style) {
      target = document.createElement("span");
      paint(target, run.style);
      parent.append(target);
    }
    appendLinked(target, shown, at, ranges, links);
    at += shown.length;
  }
  if (plain.length > most) {
    const rest = document.createElement("span");
    rest.className = "rest";
    rest.textContent = ` … ${(plain.length - most).toLocaleString("en")} more characters`;
    parent.append(rest);
  }
}

/**
 * @param {HTMLElement} parent
 * @param {string} text
 * @param {number} offset Where the text begins in the line.
 * @param {Range[]} ranges
 * @param {Link[]} links
 */
function appendLinked(parent, text, offset, ranges, links) {
  let at = 0;
  for (const link of links) {
    const start = Math.max(at, link.start - offset);
    const end = Math.min(text.length, link.end - offset);
    if (end <= start) continue;
    appendMarked(parent, text.slice(at, start), offset + at, ranges);
    const anchor = anchorOf(link.href);
    appendMarked(anchor, text.slice(start, end), offset + start, ranges);
    parent.append(anchor);
    at = end;
  }
  appendMarked(parent, at ? text.slice(at) : text, offset + at, ranges);
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
