/** The counts, and what stands where no line is: all that changes with the lines held and shown. */

import { MOST_LINES } from "../stream/store.js";
import { byId, counted, plural } from "./dom.js";

/**
 * @typedef {import("./status.js").Status} Status
 * @typedef {import("./toolbar.js").Toolbar} Toolbar
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../list/follow.js").Follow} Follow
 * @typedef {import("../stream/connection.js").Connection} Connection
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

const PAUSE_MS = 250; // they change no faster

export class Counts {
  #store;
  #sieve;
  #toolbar;
  #context;
  #follow;
  #status;
  #connection;
  #asked = false;

  /**
   * @param {{store: LineStore, sieve: Sieve, toolbar: Toolbar, context: Context, follow: Follow,
   *   status: Status, connection: Connection}} parts
   */
  constructor({ store, sieve, toolbar, context, follow, status, connection }) {
    this.#store = store;
    this.#sieve = sieve;
    this.#toolbar = toolbar;
    this.#context = context;
    this.#follow = follow;
    this.#status = status;
    this.#connection = connection;
    byId("empty-act").addEventListener("click", () => toolbar.clear());
  }

  /** Shows them soon. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    setTimeout(() => {
      this.#asked = false;
      this.#show();
    }, PAUSE_MS);
  }

  #show() {
    const store = this.#store;
    const rows = this.#sieve.shown.length;
    this.#status.counts(store, rows, this.#context.isFiltering);
    this.#toolbar.showCounts(store.tally.counts);
    this.#follow.update();
    byId("lead").textContent = leadText(store);
    byId("lead").hidden = !store.size;
    const hides = store.size > store.notes.length; // lines, all of them
    byId("empty").hidden = rows > store.notes.length;
    byId("empty-text").textContent = hides ? "No line passes the filter." : this.#emptyText();
    byId("empty-act").hidden = !hides;
  }

  #emptyText() {
    if (this.#connection.state !== "over") return "Waiting for lines…";
    return this.#store.received ? "No line is left here." : "There were no lines.";
  }
}

/** @param {LineStore} store */
function leadText(store) {
  if (store.fellOut) {
    return `${plural(store.fellOut, "older line")} fell out: this page holds ${counted(MOST_LINES)}`;
  }
  if (store.hidden) return "Cleared: u brings the older lines back";
  return store.cleared ? "Cleared: older lines are gone" : "The beginning";
}
