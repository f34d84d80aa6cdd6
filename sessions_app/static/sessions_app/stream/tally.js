/** How many of the lines held there are of each kind: what the chips say. */

/**
 * @typedef {import("../types.js").Line} Line
 * @typedef {Map<string, number>} Counts By name; "none" for lines that name nothing.
 */

export const NONE = "none";
/** Names that a chip can bear, and no more of them than fit. */
const PLAIN_NAME = /^[\w.-]{1,40}$/;
const MOST_NAMES = 100;

export class Tally {
  /** @type {{level: Counts, source: Counts, process: Counts, stream: Counts}} */
  counts = { level: new Map(), source: new Map(), process: new Map(), stream: new Map() };

  /** @param {Line} line */
  add(line) {
    this.#count(line, 1);
  }

  /** @param {Line} line */
  remove(line) {
    this.#count(line, -1);
  }

  /**
   * @param {Line} line
   * @param {number} by
   */
  #count(line, by) {
    const { level, source, process, stream } = this.counts;
    if (line.head === line.seq) change(level, line.level, by); // a trace is one error
    change(source, line.source, by);
    change(process, line.process, by);
    change(stream, line.stream, by);
  }
}

/**
 * @param {Counts} counts
 * @param {string} name
 * @param {number} by
 */
function change(counts, name, by) {
  const known = counts.get(name || NONE);
  if (known === undefined && (counts.size >= MOST_NAMES || (name && !PLAIN_NAME.test(name)))) return;
  counts.set(name || NONE, (known ?? 0) + by);
}
