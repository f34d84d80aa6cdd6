/** The rows that the list shows: which there are, how they look, and how high they will be. */

import { button, byId, counted } from "../page/dom.js";
import { MOST_SHOWN, rowOf } from "./row.js";

/**
 * @typedef {import("./detail.js").Detail} Detail
 * @typedef {import("./folds.js").Folds} Folds
 * @typedef {import("./selection.js").Selection} Selection
 * @typedef {import("./virtual-list.js").Source} Source
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/pattern-marks.js").PatternMarks} PatternMarks
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../page/display.js").Display} Display
 * @typedef {import("../page/toolbar.js").Toolbar} Toolbar
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").Look} Look
 *
 * @typedef {object} Parts
 * @property {LineStore} store
 * @property {Sieve} sieve
 * @property {Display} display
 * @property {Toolbar} toolbar
 * @property {Selection} selection
 * @property {Detail} detail
 * @property {Context} context
 * @property {Folds} folds
 * @property {PatternMarks} marks
 */

const CHARACTER = 0.602; // its width, in font sizes: only a guess, rows are measured
const COLUMNS_WIDTH = 290; // pixels of time, tag and badge; on narrow pages they stand above the text
const NARROW_WIDTH = 24;
const LEAST_COLUMNS = 10;
/** A wrapped line of more rows is cut, with a button for the rest; lines.css has the same number. */
const MOST_ROWS = 12;
const MOST_EXPANDED = 100_000; // characters

/** @implements {Source} */
export class Rows {
  #parts;
  #log = byId("log");
  #isNarrow = window.matchMedia("(max-width: 700px)");
  /** Long lines that are shown as a whole. @type {Set<number>} */
  #expanded = new Set();
  /** A line looks different now. @type {(seq: number) => void} */
  onLine = () => {};
  /** The trace behind this line is to be folded, or shown. @type {(head: number) => void} */
  onFold = () => {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  seqs() {
    const { shown } = this.#parts.sieve;
    shown.dropBefore(this.#parts.store.first);
    return shown;
  }

  /** @param {number} seq */
  row(seq) {
    const entry = /** @type {Entry} */ (this.#parts.store.get(seq));
    const isWhole = this.#expanded.has(seq);
    const row = rowOf(entry, this.look(), this.#parts.marks, isWhole ? MOST_EXPANDED : MOST_SHOWN);
    if (entry.kind === "line" && this.#isLong(entry)) {
      row.classList.add("long");
      row.classList.toggle("cut", !isWhole);
      row.append(this.#expander(entry, isWhole));
    }
    this.dress(row, seq);
    return row;
  }

  /** @param {number} seq */
  guess(seq) {
    const { settings, rowHeight } = this.#parts.display;
    const meta = this.#isNarrow.matches ? rowHeight : 0;
    const entry = this.#parts.store.get(seq);
    if (!settings.wrap || entry?.kind !== "line") return rowHeight + meta;
    const rows = Math.max(1, this.#rowsOf(entry));
    return meta + rowHeight * (this.#expanded.has(seq) || rows <= MOST_ROWS ? rows : MOST_ROWS + 1);
  }

  isExact() {
    return !this.#parts.display.settings.wrap && !this.#isNarrow.matches;
  }

  /** @returns {Look} */
  look() {
    const { toolbar, context, display, sieve } = this.#parts;
    const { query, regex, invert, matchCase, highlights } = toolbar.filters;
    const isMarked = !invert && context.seq === null && sieve.looksFor;
    const marked = regex || !isMarked ? "" : query;
    const pattern = regex && isMarked ? query : "";
    this.#parts.marks.use(pattern, matchCase);
    return { ...display.settings, highlights, marked, matchCase, pattern: Boolean(pattern) };
  }

  /**
   * Shows what is chosen, open, or in context, and how many lines stand behind it.
   *
   * @param {HTMLElement} row
   * @param {number} seq
   */
  dress(row, seq) {
    const { selection, detail, context, store } = this.#parts;
    row.classList.toggle("chosen", selection.has(seq));
    row.classList.toggle("open", detail.line?.seq === seq);
    row.classList.toggle("context", context.seq === seq);
    const entry = store.get(seq);
    if (entry?.kind === "line" && entry.behind) this.#dressHead(row, entry);
  }

  /**
   * @param {HTMLElement} row
   * @param {Line} head
   */
  #dressHead(row, head) {
    let fold = /** @type {HTMLButtonElement | null} */ (row.querySelector(".fold"));
    if (!fold) {
      fold = button("fold", "", () => this.onFold(head.seq));
      fold.tabIndex = -1; // f folds all; the detail pane has the trace
      row.querySelector(".text")?.before(fold);
    }
    fold.hidden = this.#parts.folds.rests();
    const isFolded = this.#parts.folds.isFolded(head.seq);
    const label = `${isFolded ? "▸" : "▾"} ${counted(head.behind)}`;
    if (fold.textContent === label) return;
    fold.textContent = label;
    fold.title = `${isFolded ? "Show" : "Fold"} the lines behind this one`;
    fold.setAttribute("aria-expanded", String(!isFolded));
  }

  /** @param {Line} line */
  #rowsOf(line) {
    const { settings } = this.#parts.display;
    const width = this.#log.clientWidth - (this.#isNarrow.matches ? NARROW_WIDTH : COLUMNS_WIDTH);
    const columns = Math.max(LEAST_COLUMNS, width / (settings.size * CHARACTER));
    return Math.ceil(Math.min(line.plain.length, MOST_EXPANDED) / columns);
  }

  /** @param {Line} line */
  #isLong(line) {
    return this.#parts.display.settings.wrap && this.#rowsOf(line) > MOST_ROWS;
  }

  /**
   * @param {Line} line
   * @param {boolean} isWhole
   */
  #expander(line, isWhole) {
    const label = isWhole ? "less" : `more: ${counted(line.plain.length)} characters`;
    const made = button("expand", label, () => {
      if (!this.#expanded.delete(line.seq)) this.#expanded.add(line.seq);
      this.onLine(line.seq);
    });
    made.tabIndex = -1; // the detail pane has all of it
    return made;
  }
}
