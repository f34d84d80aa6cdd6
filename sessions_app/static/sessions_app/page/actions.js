/** What concerns all parts at once: to clear the page, and to step back with Escape. */

import { byId } from "./dom.js";
import { closeMenus } from "./menus.js";

/**
 * @typedef {import("./status.js").Status} Status
 * @typedef {import("./toolbar.js").Toolbar} Toolbar
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../list/detail.js").Detail} Detail
 * @typedef {import("../list/follow.js").Follow} Follow
 * @typedef {import("../list/selection.js").Selection} Selection
 * @typedef {import("../list/virtual-list.js").VirtualList} VirtualList
 * @typedef {import("../stream/store.js").LineStore} LineStore
 *
 * @typedef {object} Parts
 * @property {LineStore} store
 * @property {Sieve} sieve
 * @property {VirtualList} list
 * @property {Follow} follow
 * @property {Selection} selection
 * @property {Detail} detail
 * @property {Context} context
 * @property {Toolbar} toolbar
 * @property {Status} status
 */

export class Actions {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    byId("clear").addEventListener("click", () => this.clear());
  }

  /** Forgets the lines; new ones go on. */
  clear() {
    const { store, sieve, list, follow, selection, detail, context, status } = this.#parts;
    store.clear();
    selection.clear();
    detail.close();
    context.leave();
    sieve.pull();
    list.redraw();
    follow.resume();
    status.say("Cleared; new lines go on");
  }

  /** Leaves, closes or drops one thing: what a person came to last. */
  stepBack() {
    const { selection, detail, context, toolbar } = this.#parts;
    if (closeMenus()) return;
    if (document.activeElement?.matches("input")) byId("log").focus();
    else if (context.seq !== null) context.leave();
    else if (selection.isRange) selection.clear();
    else if (detail.line) detail.close();
    else if (selection.anchor >= 0) selection.clear();
    else toolbar.clearQuery();
  }
}
