/** Lines are cleared away at once, and can be had back for a while: it may have been a slip. */

import { byId, plural } from "./dom.js";

/** @typedef {import("../stream/store.js").LineStore} LineStore */

const UNDO_MS = 10_000;

export class Undo {
  #store;
  #bar = byId("cleared");
  #timer = 0;
  /** How the list was before. @type {() => void} */
  #back = () => {};
  /** The lines are here again, and not all are looked through yet. */
  #isDue = false;
  /** Other lines are shown. */
  onChange = () => {};

  /** @param {LineStore} store */
  constructor(store) {
    this.#store = store;
    byId("undo").addEventListener("click", () => this.undo());
  }

  /** @param {() => void} back Shows the list as it is now, later. */
  clear(back) {
    const store = this.#store;
    if (!store.size) return;
    if (this.#bar.hidden) this.#back = back; // else the first of two counts
    store.clear();
    byId("cleared-count").textContent = `${plural(store.hidden, "line")} cleared.`;
    this.#bar.hidden = false;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#forget(), UNDO_MS);
    this.onChange();
  }

  undo() {
    if (this.#bar.hidden) return;
    window.clearTimeout(this.#timer);
    this.#bar.hidden = true;
    this.#store.restore();
    this.#isDue = true;
    this.onChange();
  }

  /** What passes the filter is shown. */
  shown() {
    if (this.#isDue) this.#back();
    this.#isDue = false;
  }

  #forget() {
    this.#bar.hidden = true;
    this.#store.forget();
    this.onChange();
  }
}
