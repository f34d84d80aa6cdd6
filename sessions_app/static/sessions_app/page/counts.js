/** The counts, and what stands where no line is: all that changes with the lines held and shown. */

import { age } from "../list/times.js";
import { byId } from "./dom.js";

/**
 * @typedef {import("./lead.js").Lead} Lead
 * @typedef {import("./status.js").Status} Status
 * @typedef {import("./toolbar.js").Toolbar} Toolbar
 * @typedef {import("../find/context.js").Context} Context
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../list/follow.js").Follow} Follow
 * @typedef {import("../stream/connection.js").Connection} Connection
 * @typedef {import("../stream/messages.js").Messages} Messages
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
  #messages;
  #lead;
  #asked = false;

  /**
   * @param {{store: LineStore, sieve: Sieve, toolbar: Toolbar, context: Context, follow: Follow,
   *   status: Status, connection: Connection, messages: Messages, lead: Lead}} parts
   */
  constructor({ store, sieve, toolbar, context, follow, status, connection, messages, lead }) {
    this.#store = store;
    this.#sieve = sieve;
    this.#toolbar = toolbar;
    this.#context = context;
    this.#follow = follow;
    this.#status = status;
    this.#connection = connection;
    this.#messages = messages;
    this.#lead = lead;
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
    this.#lead.show();
    const hides = store.size > store.notes.length; // lines, all of them
    byId("empty").hidden = rows > store.notes.length;
    byId("empty-text").textContent = hides ? "No line passes the filter." : this.#emptyText();
    byId("empty-act").hidden = !hides;
  }

  #emptyText() {
    const { received, cleared } = this.#store;
    const { nothing } = this.#messages;
    if (nothing && !received) return this.#nothingText(nothing.since);
    if (this.#connection.state !== "over") return "Waiting for lines…";
    return received || cleared ? "No line is left here." : "There were no lines.";
  }

  /** @param {number | null} since The time of the oldest record in Kafka. */
  #nothingText(since) {
    const only = byId("only").hidden ? "" : ` with ${byId("only").textContent}`;
    const what = only ? "are the name and these filters" : "is the name";
    const where = since === null ? ", which has no records there" : ` (${age(since)})`;
    return `Nothing of ${this.#messages.name}${only} in Kafka${where}: ${what} right?`;
  }
}
