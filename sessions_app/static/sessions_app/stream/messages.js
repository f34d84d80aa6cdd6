/** What comes over the connection, by kind: lines into the store, losses and breaks as notes. */

import { byId, plural } from "../page/dom.js";

/**
 * @typedef {import("./connection.js").Listener} Listener
 * @typedef {import("./connection.js").State} State
 * @typedef {import("./store.js").LineStore} LineStore
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../page/status.js").Status} Status
 */

/** @implements {Listener} */
export class Messages {
  #store;
  #sieve;
  #status;
  #backlogEnded = false;

  /** Whose lines these are. @type {string} */
  name = byId("name").textContent;

  /**
   * @param {LineStore} store
   * @param {Sieve} sieve
   * @param {Status} status
   */
  constructor(store, sieve, status) {
    this.#store = store;
    this.#sieve = sieve;
    this.#status = status;
  }

  /**
   * @param {State} state
   * @param {string} detail
   * @param {boolean} isFull
   */
  changed(state, detail, isFull) {
    this.#status.connection(state, detail, isFull);
    if (state === "over") this.#note("The stream ended here", "info");
  }

  /**
   * @param {number} seconds
   * @param {boolean} missed
   */
  resumed(seconds, missed) {
    const after = `Reconnected after ${plural(Math.max(1, Math.round(seconds)), "second")}`;
    this.#note(missed ? `${after}: lines may be missing here` : after, missed ? "loss" : "info");
  }

  /** @param {any} message */
  heard(message) {
    const store = this.#store;
    if (message.type === "hello") this.#greeted(message);
    else if (message.type === "lines") message.lines.forEach(store.addLine, store);
    else if (message.type === "skipped") this.#note(skippedText(message), "loss");
    else if (message.type === "gap") this.#note(`Lines may be missing here: ${message.reason}`, "loss");
    else if (message.type === "backlog-end" && !this.#backlogEnded) {
      this.#backlogEnded = true;
      if (store.size) this.#note("Live from here", "info");
    }
    this.#sieve.pull();
  }

  /** @param {any} hello */
  #greeted(hello) {
    this.name = String(hello.name);
    byId("name").textContent = this.name;
    document.title = `${this.name} · tail`;
    this.#status.endsAt(Number(hello.ends_at) || 0);
    const only = Object.entries(hello.filters ?? {}).filter(([, value]) => value.length);
    byId("only").textContent = only.map(([key, value]) => `${key}: ${[value].flat().join(", ")}`).join(" · ");
    byId("only").hidden = !only.length;
  }

  /**
   * @param {string} text
   * @param {"loss" | "info"} weight
   */
  #note(text, weight) {
    this.#store.addNote(text, weight);
    this.#sieve.pull();
  }
}

/** @param {any} message */
function skippedText({ count, reason }) {
  const lost = Number(count ?? /(\d+) messages/.exec(reason)?.[1] ?? 0);
  return `${plural(lost, "line")} skipped: this page read too slowly (Error L11)`;
}
