/** Traces that are folded behind their heads: all but some, or some. */

/**
 * @typedef {import("../page/display.js").Display} Display
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../types.js").Line} Line
 */

const FURTHEST = 20_000; // entries that are looked through for a trace's lines

export class Folds {
  #store;
  #display;
  /** Heads whose fold differs from the others'. @type {Set<number>} */
  #others = new Set();
  /** Whether no trace is folded now: a line that somebody looks for may be in one. */
  rests = () => false;

  /**
   * @param {LineStore} store
   * @param {Display} display
   */
  constructor(store, display) {
    this.#store = store;
    this.#display = display;
  }

  /** @param {number} head */
  isFolded(head) {
    return !this.rests() && this.#display.settings.fold !== this.#others.has(head);
  }

  /** @param {Line} line Whether it stays behind its head. */
  hides(line) {
    return line.head !== line.seq && line.head >= this.#store.first && this.isFolded(line.head);
  }

  /** @param {number} head */
  toggle(head) {
    if (!this.#others.delete(head)) this.#others.add(head);
  }

  /** All are folded, or none: as the settings say. */
  reset() {
    this.#others.clear();
  }

  /** @param {Line} line @returns {Line[]} The whole trace that it belongs to, or it alone. */
  traceOf(line) {
    const head = this.#store.get(line.head);
    return head?.kind === "line" ? [head, ...this.behind(head)] : [line];
  }

  /** @param {Line} line @returns {Line[]} Those behind it, in their order. */
  behind(line) {
    const lines = [];
    const end = Math.min(this.#store.next, line.seq + FURTHEST);
    for (let seq = line.seq + 1; seq < end && lines.length < line.behind; seq += 1) {
      const entry = this.#store.get(seq);
      if (entry?.kind === "line" && entry.head === line.seq) lines.push(entry);
    }
    return lines;
  }

  /** @param {Line} line @returns {Line[]} It, and what is folded behind it. */
  whole(line) {
    return line.behind && this.isFolded(line.seq) ? [line, ...this.behind(line)] : [line];
  }
}
