/** The line under the cursor and the range from it: chosen by clicks and keys, copied as text. */

import { byId, plural } from "../page/dom.js";
import { textOf } from "../page/export.js";

/**
 * @typedef {import("./folds.js").Folds} Folds
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 */

export class Selection {
  #store;
  #sieve;
  #folds;
  #bar = byId("selected");
  /** Where the range begins, and its other end. -1: nothing is chosen. */
  anchor = -1;
  focus = -1;
  onChange = () => {};

  /**
   * @param {LineStore} store
   * @param {Sieve} sieve
   * @param {Folds} folds
   */
  constructor(store, sieve, folds) {
    this.#store = store;
    this.#folds = folds;
    this.#sieve = sieve;
    byId("selected-clear").addEventListener("click", () => this.clear());
  }

  get isRange() {
    return this.anchor !== this.focus;
  }

  /** @param {number} seq */
  has(seq) {
    return seq >= Math.min(this.anchor, this.focus) && seq <= Math.max(this.anchor, this.focus);
  }

  /**
   * @param {number} seq
   * @param {boolean} extend The range, instead of a new one.
   */
  choose(seq, extend = false) {
    if (!extend || this.anchor < 0) this.anchor = seq;
    this.focus = seq;
    this.#show();
  }

  clear() {
    this.anchor = this.focus = -1;
    this.#show();
  }

  /**
   * @param {number} step To the next line shown, or the one before.
   * @param {boolean} [extend] The range.
   * @returns {number}
   */
  move(step, extend = false) {
    const { shown } = this.#sieve;
    let place = this.focus < 0 ? shown.end : shown.placeOf(this.focus);
    do place += step;
    while (place >= shown.start && place < shown.end && !this.#lineAt(place));
    const line = place >= shown.start && place < shown.end ? this.#lineAt(place) : null;
    if (line) this.choose(line.seq, extend);
    return this.focus;
  }

  /** @returns {Line[]} What is chosen, of what is shown; with what is folded behind it. */
  lines() {
    if (this.anchor < 0) return [];
    const { shown } = this.#sieve;
    const last = Math.max(this.anchor, this.focus);
    const lines = [];
    let place = shown.placeOf(Math.min(this.anchor, this.focus));
    for (; place < shown.end && shown.at(place) <= last; place += 1) {
      const line = this.#lineAt(place);
      if (line) lines.push(...(this.isRange ? this.#folds.whole(line) : [line]));
    }
    return lines;
  }

  /** @returns {string} */
  text() {
    return this.lines().map((line) => textOf(line)).join("\n");
  }

  /** @param {number} place @returns {Line | null} */
  #lineAt(place) {
    const entry = this.#store.get(this.#sieve.shown.at(place));
    return entry?.kind === "line" ? entry : null;
  }

  #show() {
    this.#bar.hidden = !this.isRange;
    if (this.isRange) {
      byId("selected-count").textContent = `${plural(this.lines().length, "line")} selected`;
    }
    this.onChange();
  }
}
