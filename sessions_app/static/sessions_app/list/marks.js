/** What is marked in a text: highlights, and what the filter found. */

/**
 * @typedef {import("../types.js").Look} Look
 * @typedef {{start: number, end: number, className: string}} Range
 */

const MOST_RANGES = 200;

/**
 * @param {string} plain
 * @param {Look} look
 * @param {[number, number][]} [found] Where a pattern was found in it.
 * @returns {Range[]} Ascending, without overlaps.
 */
export function rangesOf(plain, look, found = []) {
  /** @type {Range[]} */
  const ranges = [];
  for (const [index, term] of look.highlights.entries()) {
    find(plain, term, false, `hl hl-${index + 1}`, ranges);
  }
  if (look.marked) find(plain, look.marked, look.matchCase, "found", ranges);
  for (const [start, end] of found) ranges.push({ start, end, className: "found" });
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
