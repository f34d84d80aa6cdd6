/** From one highlighted line to the next. */

import { rangesOf } from "../list/marks.js";

/**
 * @typedef {import("./sieve.js").Sieve} Sieve
 * @typedef {import("../list/rows.js").Rows} Rows
 * @typedef {import("../page/status.js").Status} Status
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

export class Highlights {
  #store;
  #sieve;
  #rows;
  #status;

  /**
   * @param {LineStore} store
   * @param {Sieve} sieve
   * @param {Rows} rows
   * @param {Status} status
   */
  constructor(store, sieve, rows, status) {
    this.#store = store;
    this.#sieve = sieve;
    this.#rows = rows;
    this.#status = status;
  }

  /**
   * @param {number} seq Where to begin; negative: behind the last line.
   * @param {number} step 1 to the next, -1 to the one before.
   * @returns {number | null} The line's number; null when there is none, and then it has been said.
   */
  from(seq, step) {
    const wanted = { ...this.#rows.look(), marked: "" };
    if (!wanted.highlights.length) {
      this.#status.say("Nothing is highlighted: add a highlight first (h)");
      return null;
    }
    const { shown } = this.#sieve;
    let place = (seq < 0 ? shown.end : shown.placeOf(seq)) + step;
    for (; place >= shown.start && place < shown.end; place += step) {
      const entry = this.#store.get(shown.at(place));
      if (entry?.kind === "line" && rangesOf(entry.plain, wanted).length) return entry.seq;
    }
    this.#status.say(step > 0 ? "No highlight further down" : "No highlight further up");
    return null;
  }
}
