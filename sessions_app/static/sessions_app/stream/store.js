/**
 * The last lines received, in a ring: what falls out is counted. Lines that were cleared away stay
 * in it until they are forgotten, so that they can come back.
 */

import { plainOf } from "../list/ansi.js";
import { levelOf } from "../find/levels.js";
import { Tally } from "./tally.js";
import { Traces } from "./traces.js";

/**
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").WireLine} WireLine
 */

export const MOST_LINES = 100_000;
const MOST_CHARACTERS = 64_000_000;
/** In the place of what is no longer held. @type {Entry} */
const GONE = { kind: "note", seq: -1, weight: "info", text: "" };

export class LineStore {
  /** @type {Entry[]} */
  #ring = [];
  #most;
  #characters = 0;
  #traces = new Traces();
  /** Number of the oldest in the ring: before `first` they were cleared away. */
  #oldest = 0;
  #hiddenFellOut = 0;

  /** Number of the oldest entry held, and of the next to come. */
  first = 0;
  next = 0;
  /** Lines, without notes: received since the page opened, and lost to the ring's size. */
  received = 0;
  fellOut = 0;
  /** Whether lines were cleared away. */
  cleared = false;
  /** Numbers of the notes held, ascending. @type {number[]} */
  notes = [];
  tally = new Tally();

  /** @param {number} most */
  constructor(most = MOST_LINES) {
    this.#most = most;
  }

  get size() {
    return this.next - this.first;
  }

  /** How many were cleared away and can come back. */
  get hidden() {
    return this.first - this.#oldest;
  }

  /** @param {number} seq */
  get(seq) {
    return seq >= this.first && seq < this.next ? this.#ring[seq % this.#most] : undefined;
  }

  /** @param {WireLine} wire */
  addLine(wire) {
    const { id, time, name, source, process, tag, stream, text } = wire;
    const plain = plainOf(text);
    const seq = this.next;
    /** @type {Line} */
    const line = { // name by name: a copy by spreading costs twice as much
      kind: "line", seq, head: seq, behind: 0, level: levelOf(plain, source), ms: Date.parse(time),
      plain, id, time, name, source, process, tag, stream, text,
    };
    this.#join(line);
    this.received += 1;
    this.tally.add(line);
    this.#put(line);
    this.#characters += text.length;
    while (this.#characters > MOST_CHARACTERS && this.next - this.#oldest > 1) this.#drop();
  }

  /**
   * @param {string} text
   * @param {"loss" | "info"} weight
   */
  addNote(text, weight) {
    this.notes.push(this.next);
    this.#put({ kind: "note", seq: this.next, weight, text });
  }

  /** Hides the lines; those to come go on as before. */
  clear() {
    this.cleared ||= this.size > 0;
    this.#hiddenFellOut += this.fellOut;
    this.first = this.next;
    this.notes = [];
    this.fellOut = 0;
    this.tally = new Tally();
    this.#traces = new Traces();
  }

  /** What was cleared away is here again, as far as it has not fallen out. */
  restore() {
    this.fellOut += this.#hiddenFellOut;
    this.#hiddenFellOut = 0;
    this.first = this.#oldest;
    this.cleared = false;
    this.notes = [];
    this.tally = new Tally();
    for (let seq = this.first; seq < this.next; seq += 1) {
      const entry = /** @type {Entry} */ (this.get(seq));
      if (entry.kind === "line") this.tally.add(entry);
      else this.notes.push(seq);
    }
  }

  /** What was cleared away is gone. */
  forget() {
    while (this.#oldest < this.first) this.#drop();
    this.#hiddenFellOut = 0;
  }

  /** @param {number} seq @returns {number} How many notes have this number or a higher one. */
  notesFrom(seq) {
    let count = 0;
    while (count < this.notes.length && this.notes[this.notes.length - 1 - count] >= seq) count += 1;
    return count;
  }

  /** @param {Line} line Behind the head of its trace, if it belongs to one. */
  #join(line) {
    const seq = this.#traces.headOf(line);
    const head = this.get(seq);
    if (head?.kind !== "line") return;
    line.head = seq;
    line.level = head.level || line.level;
    head.behind += 1;
  }

  /** @param {Entry} entry */
  #put(entry) {
    if (this.next - this.#oldest === this.#most) this.#drop();
    this.#ring[this.next % this.#most] = entry;
    this.next += 1;
  }

  #drop() {
    const oldest = this.#ring[this.#oldest % this.#most];
    const isHidden = this.#oldest < this.first;
    if (oldest.kind === "line") {
      this.#characters -= oldest.text.length;
      if (isHidden) this.#hiddenFellOut += 1;
      else {
        this.fellOut += 1;
        this.tally.remove(oldest);
      }
    } else if (!isHidden) this.notes.shift();
    this.#ring[this.#oldest % this.#most] = GONE;
    this.#oldest += 1;
    if (!isHidden) this.first += 1;
  }
}
