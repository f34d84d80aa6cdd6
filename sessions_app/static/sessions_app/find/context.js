/** A line among its neighbours: while it is shown so, the filters rest. */

import { byId } from "../page/dom.js";

/**
 * @typedef {import("./sieve.js").Sieve} Sieve
 * @typedef {import("../list/selection.js").Selection} Selection
 * @typedef {import("../page/toolbar.js").Toolbar} Toolbar
 */

export class Context {
  #sieve;
  #toolbar;
  #selection;
  #bar = byId("context");

  /** The line shown in context. @type {number | null} */
  seq = null;
  /** Just before a line is shown in context. */
  onShow = () => {};

  /**
   * @param {Sieve} sieve
   * @param {Toolbar} toolbar
   * @param {Selection} selection
   */
  constructor(sieve, toolbar, selection) {
    this.#sieve = sieve;
    this.#toolbar = toolbar;
    this.#selection = selection;
    byId("context-back").addEventListener("click", () => this.leave());
  }

  /** Whether the filter holds lines back. */
  get isFiltering() {
    return this.seq === null && this.#toolbar.isFiltering;
  }

  applyFilter() {
    this.#sieve.use(this.isFiltering ? this.#toolbar.filters : null);
  }

  /** @param {number} seq */
  show(seq) {
    this.seq = seq;
    this.onShow();
    this.#bar.hidden = false;
    this.applyFilter();
  }

  /** @param {boolean} [back] To the filter as it was. */
  leave(back = true) {
    if (this.seq === null) return;
    const { seq } = this;
    this.seq = null;
    this.#bar.hidden = true;
    if (!back) return;
    this.applyFilter();
    this.#selection.choose(seq);
  }
}
