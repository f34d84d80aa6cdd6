/** The row above the lines: what is older, and whether it can be had. */

import { localLong } from "../list/times.js";
import { LINES } from "../stream/older.js";
import { MOST_LINES } from "../stream/store.js";
import { byId, counted, plural } from "./dom.js";

/**
 * @typedef {import("../stream/messages.js").Messages} Messages
 * @typedef {import("../stream/older.js").Older} Older
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

const LABELS = { more: `Load ${counted(LINES)} older`, loading: "Loading older lines…", failed: "Try again" };

export class Lead {
  #store;
  #older;
  #messages;
  #row = byId("lead");
  #text = byId("lead-text");
  #button = byId("older");
  /** Older lines are wanted. */
  onLoad = () => {};

  /** @param {{store: LineStore, older: Older, messages: Messages}} parts */
  constructor({ store, older, messages }) {
    this.#store = store;
    this.#older = older;
    this.#messages = messages;
    this.#button.addEventListener("click", () => this.onLoad());
  }

  show() {
    const { state, canLoad } = this.#older;
    this.#row.hidden = !this.#store.size;
    const text = this.#said();
    if (this.#text.textContent !== text) this.#text.textContent = text;
    const label = canLoad || state === "loading" ? LABELS[/** @type {"more"} */ (state)] : "";
    this.#button.hidden = !label;
    this.#button.setAttribute("aria-disabled", String(state === "loading"));
    if (this.#button.textContent !== label) this.#button.textContent = label;
  }

  /** @returns {string} Empty where the button says it. */
  #said() {
    const store = this.#store;
    const { state, why } = this.#older;
    if (store.fellOut) {
      return `${plural(store.fellOut, "older line")} fell out: this page holds ${counted(MOST_LINES)}`;
    }
    if (store.hidden) return "Cleared: u brings the older lines back";
    if (store.cleared) return "Cleared: older lines are gone";
    if (state === "all") {
      const { since } = this.#messages.session;
      return since === null ? "This is all that Kafka has" : "This is all that the session shows";
    }
    if (!store.room) return `This page holds ${counted(MOST_LINES)}: no older line fits`;
    if (state === "failed") return `No older lines: ${why}.`;
    if (state === "lost") return "Reload the page to load older lines";
    return state === "none" ? this.#beginning() : "";
  }

  #beginning() {
    const { since } = this.#messages.session;
    return since === null ? "The beginning" : `Since ${localLong(since * 1000)}`;
  }
}
