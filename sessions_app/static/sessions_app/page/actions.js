/** What concerns all parts at once: to clear the page and have it back, to step back with Escape. */

import { byId } from "./dom.js";
import { closeMenus } from "./menus.js";

/**
 * @typedef {import("./toolbar.js").Toolbar} Toolbar
 * @typedef {import("./undo.js").Undo} Undo
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../list/detail.js").Detail} Detail
 * @typedef {import("../list/follow.js").Follow} Follow
 * @typedef {import("../list/selection.js").Selection} Selection
 * @typedef {import("../list/virtual-list.js").VirtualList} VirtualList
 *
 * @typedef {object} Parts
 * @property {VirtualList} list
 * @property {Follow} follow
 * @property {Selection} selection
 * @property {Detail} detail
 * @property {Context} context
 * @property {Toolbar} toolbar
 * @property {Undo} undo
 */

export class Actions {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    byId("clear").addEventListener("click", () => this.clear());
  }

  /** Hides the lines, for `u` to show again; new ones go on. */
  clear() {
    const { list, follow, selection, detail, context, undo } = this.#parts;
    const top = follow.isPaused ? list.topSeq() : null;
    selection.clear();
    detail.close();
    context.leave();
    undo.clear(() => top && this.#standAt(top));
    follow.resume();
  }

  /** @param {{seq: number, above: number}} top */
  #standAt({ seq, above }) {
    const { list, follow } = this.#parts;
    follow.pause();
    list.show(seq, -above);
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
    else toolbar.stepBack();
  }
}
