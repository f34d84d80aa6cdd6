/** The line that a person is at: keys and clicks move it, and open it in detail. */

import { byId } from "../page/dom.js";

/**
 * @typedef {import("./detail.js").Detail} Detail
 * @typedef {import("./follow.js").Follow} Follow
 * @typedef {import("./rows.js").Rows} Rows
 * @typedef {import("./selection.js").Selection} Selection
 * @typedef {import("./virtual-list.js").VirtualList} VirtualList
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/fragment.js").Field} Field
 */

export class Cursor {
  #list;
  #rows;
  #follow;
  #selection;
  #detail;
  #context;
  /** Only lines with it are to be shown. @type {(field: Field) => void} */
  onField = () => {};

  /**
   * @param {{list: VirtualList, rows: Rows, follow: Follow, selection: Selection,
   *   detail: Detail, context: Context}} parts
   */
  constructor({ list, rows, follow, selection, detail, context }) {
    this.#list = list;
    this.#rows = rows;
    this.#follow = follow;
    this.#selection = selection;
    this.#detail = detail;
    this.#context = context;
    const block = byId("rows");
    for (const part of [block, byId("detail-body")]) {
      part.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#clicked(event));
    }
    block.addEventListener("mousedown", (/** @type {MouseEvent} */ event) => {
      if (event.shiftKey) event.preventDefault(); // a range of lines, not of text
    });
  }

  /**
   * @param {number} step To the next line shown, or the one before.
   * @param {boolean} [extend] The range.
   */
  move(step, extend = false) {
    this.#follow.pause();
    this.#list.reveal(this.#selection.move(step, extend));
    if (!extend) this.open(false);
  }

  /** @param {number} seq */
  goTo(seq) {
    this.#follow.pause();
    this.#selection.choose(seq);
    this.#list.reveal(seq);
  }

  /** @param {boolean} [anyway] Also when the pane is closed. */
  open(anyway = true) {
    const [line] = this.#selection.lines();
    if (line && (anyway || this.#detail.line)) this.#detail.open(line);
    this.show();
  }

  /** On the rows that exist. */
  show() {
    this.#list.eachRow((row, seq) => this.#rows.dress(row, seq));
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!event.shiftKey && !document.getSelection()?.isCollapsed) return;
    const part = /** @type {HTMLElement | null} */ (target.closest("[data-field]"));
    if (part && !event.shiftKey && !target.closest("a")) {
      this.onField({ name: part.dataset.field ?? "", value: part.dataset.value ?? null });
      return;
    }
    const row = /** @type {HTMLElement | null} */ (target.closest(".row:not(.note)"));
    if (!row || target.closest("a, .fold, .expand")) return;
    const seq = Number(row.dataset.seq);
    if (target.closest(".time")) {
      this.#context.show(seq);
      return;
    }
    if (event.shiftKey) document.getSelection()?.removeAllRanges();
    this.#follow.pause();
    this.#selection.choose(seq, event.shiftKey);
    if (!this.#selection.isRange) this.open();
  }
}
