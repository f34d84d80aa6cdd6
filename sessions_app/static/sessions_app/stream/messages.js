/** What comes over the connection, by kind: lines into the store, losses and breaks as notes. */

import { byId, plural } from "../page/dom.js";

/**
 * @typedef {import("./connection.js").Listener} Listener
 * @typedef {import("./connection.js").State} State
 * @typedef {import("./older.js").Older} Older
 * @typedef {import("./store.js").LineStore} LineStore
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 * @typedef {import("../page/status.js").Status} Status
 */

const MOST_LAST = 1500; // last lines of a session, behind which it says where older ones are
const MOST_HELD = 5000; // more than those
/** How a note of lines that may be missing begins. */
export const GAP = "Lines may be missing here: ";

/** @implements {Listener} */
export class Messages {
  #store;
  #sieve;
  #status;
  #older;
  #greetings = 0;
  #backlogEnded = false;
  /** Whether the session was opened anew and nothing has come yet. */
  #isAnew = false;
  /** Then: the lines held, which may be among its last ones. @type {Set<string>} */
  #held = new Set();

  /** Whose lines these are. @type {string} */
  name = byId("name").textContent;
  /** What the server said of the session. @type {{lines: number | null, tail: boolean, since: number | null}} */
  session = { lines: null, tail: true, since: null };
  /** There are no last lines: the time of the oldest record in Kafka, null where there is none.
   * @type {{since: number | null} | null} */
  nothing = null;
  /** @type {(state: State) => void} */
  onState = () => {};

  /**
   * @param {LineStore} store
   * @param {Sieve} sieve
   * @param {Status} status
   * @param {Older} older
   */
  constructor(store, sieve, status, older) {
    this.#store = store;
    this.#sieve = sieve;
    this.#status = status;
    this.#older = older;
  }

  /**
   * @param {State} state
   * @param {string} detail
   * @param {boolean} isFull
   */
  changed(state, detail, isFull) {
    this.#status.connection(state, detail, isFull);
    this.onState(state);
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

  /**
   * Another session begins: of its last lines those are shown that are not here.
   *
   * @param {boolean} isExact Whether times tell lines apart; else all are shown.
   */
  anew(isExact) {
    this.#held = new Set();
    this.#isAnew = true;
    this.#backlogEnded = false;
    this.#older.forget();
    const { first, next } = this.#store;
    for (let seq = Math.max(first, next - MOST_HELD); isExact && seq < next; seq += 1) {
      const entry = this.#store.get(seq);
      if (entry?.kind === "line") this.#held.add(likeness(entry));
    }
  }

  /** @param {any} message */
  heard(message) {
    if (message.type === "hello") this.#greeted(message);
    else if (message.type === "lines") this.#lines(message.lines);
    else if (message.type === "skipped") this.#note(skippedText(message), "loss");
    else if (message.type === "gap") this.#gap(message);
    else if (message.type === "older") this.#older.begin(String(message.place));
    else if (message.type === "nothing") this.nothing = { since: message.since };
    else if (message.type === "backlog-end") this.#backlogEnds();
    this.#sieve.pull();
  }

  /** @param {import("../types.js").WireLine[]} lines */
  #lines(lines) {
    if (this.#isAnew) {
      this.#isAnew = false;
      const goesOn = this.#held.has(likeness(lines[0]));
      const told = goesOn ? "Opened again" : "Opened again: lines may be missing here";
      this.#note(told, goesOn ? "info" : "loss");
    }
    for (const line of lines) {
      if (!this.#held.size || !this.#held.has(likeness(line))) this.#store.addLine(line);
    }
  }

  /** @param {{reason: string, id?: string}} gap With an id nothing is missing: it can be gone on from. */
  #gap({ reason, id }) {
    if (!id) this.#note(`${GAP}${reason}`, "loss");
  }

  #backlogEnds() {
    const { lines } = this.session;
    if (this.#greetings === 1 && lines && lines <= MOST_LAST) this.#older.begin("");
    if (!this.#backlogEnded && this.session.tail && this.#store.size) this.#note("Live from here", "info");
    this.#backlogEnded = true;
    this.#held.clear();
  }

  /** @param {any} hello */
  #greeted(hello) {
    this.name = String(hello.name);
    byId("name").textContent = this.name;
    document.title = `${this.name} · tail`;
    this.#greetings += 1;
    this.session = { lines: hello.lines ?? null, tail: hello.tail !== false, since: hello.since ?? null };
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

/** @param {import("../types.js").WireLine} line */
function likeness({ time, tag, text }) {
  return `${time} ${tag} ${text}`;
}

/** @param {any} message */
function skippedText({ count, reason }) {
  const lost = Number(count ?? /(\d+) messages/.exec(reason)?.[1] ?? 0);
  return `${plural(lost, "line")} skipped: this page read too slowly (Error L11)`;
}
