/** The last lines received, in a ring: what falls out is counted. */

import { plainOf } from "../list/ansi.js";
import { levelOf } from "../find/levels.js";

/**
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").WireLine} WireLine
 */

export const MOST_LINES = 100_000;
const MOST_CHARACTERS = 64_000_000;

export class LineStore {
  /** @type {Entry[]} */
  #ring = [];
  #most;
  #characters = 0;

  /** Number of the oldest entry held, and of the next to come. */
  first = 0;
  next = 0;
  /** Lines, without notes: received since the page opened, and lost to the ring's size. */
  received = 0;
  fellOut = 0;
  /** Whether lines were forgotten because somebody wanted it. */
  cleared = false;
  /** Numbers of the notes held, ascending. @type {number[]} */
  notes = [];
  /** Lines received a level. @type {Record<string, number>} */
  levels = { error: 0, warn: 0, info: 0, debug: 0, "": 0 };

  /** @param {number} most */
  constructor(most = MOST_LINES) {
    this.#most = most;
  }

  get size() {
    return this.next - this.first;
  }

  /** @param {number} seq */
  get(seq) {
    return seq >= this.first && seq < this.next ? this.#ring[seq % this.#most] : undefined;
  }

  /** @param {WireLine} wire */
  addLine(wire) {
    const plain = plainOf(wire.text);
    const level = levelOf(plain);
    this.received += 1;
    this.levels[level] += 1;
    this.#put({ ...wire, kind: "line", seq: this.next, ms: Date.parse(wire.time), plain, level });
    this.#characters += wire.text.length;
    while (this.#characters > MOST_CHARACTERS && this.size > 1) this.#drop();
  }

  /**
   * @param {string} text
   * @param {"loss" | "info"} weight
   */
  addNote(text, weight) {
    this.notes.push(this.next);
    this.#put({ kind: "note", seq: this.next, weight, text });
  }

  /** Forgets the lines; those to come go on as before. */
  clear() {
    this.cleared ||= this.size > 0;
    this.first = this.next;
    this.#ring = [];
    this.#characters = 0;
    this.notes = [];
    this.fellOut = 0;
    this.levels = { error: 0, warn: 0, info: 0, debug: 0, "": 0 };
  }

  /** @param {number} seq @returns {number} How many notes have this number or a higher one. */
  notesFrom(seq) {
    let count = 0;
    while (count < this.notes.length && this.notes[this.notes.length - 1 - count] >= seq) count += 1;
    return count;
  }

  /** @param {Entry} entry */
  #put(entry) {
    if (this.size === this.#most) this.#drop();
    this.#ring[this.next % this.#most] = entry;
    this.next += 1;
  }

  #drop() {
    const oldest = this.#ring[this.first % this.#most];
    if (oldest.kind === "line") {
      this.fellOut += 1;
      this.levels[oldest.level] -= 1;
      this.#characters -= oldest.text.length;
    } else this.notes.shift();
    this.first += 1;
  }
}
