/** What people take with them: chosen lines, the link, files. */

import { byId, plural } from "./dom.js";
import { copy, download } from "./export.js";
import { closeMenus } from "./menus.js";

/**
 * @typedef {import("./status.js").Status} Status
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../list/folds.js").Folds} Folds
 * @typedef {import("../list/selection.js").Selection} Selection
 * @typedef {import("../stream/messages.js").Messages} Messages
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

export class Copies {
  #store;
  #sieve;
  #selection;
  #folds;
  #messages;
  #status;

  /**
   * @param {{store: LineStore, sieve: Sieve, selection: Selection, folds: Folds,
   *   messages: Messages, status: Status}} parts
   */
  constructor({ store, sieve, selection, folds, messages, status }) {
    this.#folds = folds;
    this.#store = store;
    this.#sieve = sieve;
    this.#selection = selection;
    this.#messages = messages;
    this.#status = status;
    byId("selected-copy").addEventListener("click", () => this.copyChosen());
    byId("share").addEventListener("click", () => this.copy(location.href, "the link with its filters"));
    byId("download-menu").addEventListener("click", (/** @type {MouseEvent} */ event) => {
      this.#download(/** @type {HTMLElement} */ (event.target).dataset);
    });
  }

  /**
   * @param {string} text
   * @param {string} what
   */
  async copy(text, what) {
    this.#status.say((await copy(text)) ? `Copied ${what}` : "The browser did not let it be copied");
  }

  copyChosen() {
    const count = this.#selection.lines().length;
    if (count) void this.copy(this.#selection.text(), plural(count, "line"));
    else this.#status.say("Click a line first, or a first and with Shift a last one");
  }

  /** @param {DOMStringMap} asked Of the button. */
  #download({ what, format }) {
    if (!what) return;
    const kind = format === "text" ? "text" : "jsonl";
    download(this.#lines(what === "all"), kind, byId("keep-colours").checked, this.#messages.name);
    closeMenus();
  }

  /** @param {boolean} all Not only what the filter lets pass. */
  *#lines(all) {
    const store = this.#store;
    const { shown } = this.#sieve;
    const count = all ? store.size : shown.length;
    for (let index = 0; index < count; index += 1) {
      const entry = store.get(all ? store.first + index : shown.at(shown.start + index));
      if (entry?.kind !== "line") continue;
      if (all) yield entry;
      else yield* this.#folds.whole(entry);
    }
  }
}
