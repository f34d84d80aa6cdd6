/** The rows that the list shows: which there are, how they look, and how high they will be. */

import { byId } from "../page/dom.js";
import { rowOf } from "./row.js";
import { MOST_SHOWN } from "./spans.js";

/**
 * @typedef {import("./detail.js").Detail} Detail
 * @typedef {import("./selection.js").Selection} Selection
 * @typedef {import("./virtual-list.js").Source} Source
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../page/display.js").Display} Display
 * @typedef {import("../page/toolbar.js").Toolbar} Toolbar
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Look} Look
 */

const CHARACTER = 0.602; // its width, in font sizes: only a guess, rows are measured
const COLUMNS_WIDTH = 290; // pixels of time, tag and badge; on narrow pages they stand above the text
const NARROW_WIDTH = 24;
const LEAST_COLUMNS = 10;

/** @implements {Source} */
export class Rows {
  #store;
  #sieve;
  #display;
  #toolbar;
  #selection;
  #detail;
  #context;
  #log = byId("log");
  #isNarrow = window.matchMedia("(max-width: 700px)");

  /**
   * @param {{store: LineStore, sieve: Sieve, display: Display, toolbar: Toolbar,
   *   selection: Selection, detail: Detail, context: Context}} parts
   */
  constructor({ store, sieve, display, toolbar, selection, detail, context }) {
    this.#store = store;
    this.#sieve = sieve;
    this.#display = display;
    this.#toolbar = toolbar;
    this.#selection = selection;
    this.#detail = detail;
    this.#context = context;
  }

  seqs() {
    const { shown } = this.#sieve;
    shown.dropBefore(this.#store.first);
    return shown;
  }

  /** @param {number} seq */
  row(seq) {
    const row = rowOf(/** @type {Entry} */ (this.#store.get(seq)), this.look());
    this.dress(row, seq);
    return row;
  }

  /** @param {number} seq */
  guess(seq) {
    const { settings, rowHeight } = this.#display;
    const narrow = this.#isNarrow.matches;
    const meta = narrow ? rowHeight : 0;
    const entry = this.#store.get(seq);
    if (!settings.wrap || entry?.kind !== "line") return rowHeight + meta;
    const width = this.#log.clientWidth - (narrow ? NARROW_WIDTH : COLUMNS_WIDTH);
    const columns = Math.max(LEAST_COLUMNS, width / (settings.size * CHARACTER));
    const length = Math.min(entry.plain.length, MOST_SHOWN);
    return meta + rowHeight * Math.max(1, Math.ceil(length / columns));
  }

  isExact() {
    return !this.#display.settings.wrap && !this.#isNarrow.matches;
  }

  /** @returns {Look} */
  look() {
    const { query, regex, invert, matchCase, highlights } = this.#toolbar.filters;
    const marked = regex || invert || this.#context.seq !== null ? "" : query;
    return { ...this.#display.settings, highlights, marked, matchCase };
  }

  /**
   * Shows what is chosen, open, or in context.
   *
   * @param {HTMLElement} row
   * @param {number} seq
   */
  dress(row, seq) {
    row.classList.toggle("chosen", this.#selection.has(seq));
    row.classList.toggle("open", this.#detail.line?.seq === seq);
    row.classList.toggle("context", this.#context.seq === seq);
  }
}
