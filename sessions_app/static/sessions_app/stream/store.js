/**
 * The last lines received, in a ring, and in front of them older ones that were asked for: what falls
 * out is counted. Lines that were cleared away stay in it until they are forgotten, so that they can
 * come back.
 */

import { lineOf, standBehind } from "./lines.js";
import { Tally } from "./tally.js";
import { Traces, WITHIN_MS } from "./traces.js";

/**
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").WireLine} WireLine
 */

export const MOST_LINES = 100_000;
const MOST_CHARACTERS = 64_000_000;
const MOST_REJOINED = 2000; // lines behind older ones, which may go on a trace of those
/** In the place of what is no longer held. @type {Entry} */
const GONE = { kind: "note", seq: -1, weight: "info", text: "" };

export class LineStore {
  /** @type {Entry[]} */
  #ring;
  #most;
  #characters = 0;
  #traces = new Traces();
  /** Number of the oldest in the ring: before `first` they were cleared away. */
  #oldest;
  #hiddenFellOut = 0;

  /** Number of the oldest entry held, and of the next to come. */
  first;
  next;
  /** Lines, without notes: received since the page opened, older ones aside; and lost to the ring's
   * size. */
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
    this.#ring = new Array(most);
    this.first = this.next = this.#oldest = most; // so many older ones may come before
  }

  get size() {
    return this.next - this.first;
  }

  /** Whether all that has come is here. */
  get isWhole() {
    return !this.cleared && !this.hidden && !this.fellOut;
  }

  /** For so many more there is room. */
  get room() {
    return this.#most - (this.next - this.#oldest);
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
    const line = lineOf(wire, this.next);
    this.#join(line, this.#traces);
    this.received += 1;
    this.tally.add(line);
    this.#put(line);
    this.#characters += line.text.length;
    while (this.#characters > MOST_CHARACTERS && this.next - this.#oldest > 1) this.#drop();
  }

  /**
   * In front of all that is held. Of those that there is no room for, the oldest fall out.
   *
   * @param {WireLine[]} wires In their order.
   */
  addBefore(wires) {
    const count = this.#fitting(wires);
    const behind = this.first;
    const traces = new Traces();
    this.fellOut += wires.length - count;
    this.first = this.#oldest = behind - count;
    for (const [index, wire] of wires.slice(wires.length - count).entries()) {
      const line = lineOf(wire, this.first + index);
      this.#ring[line.seq % this.#most] = line;
      this.#join(line, traces);
      this.tally.add(line);
      this.#characters += line.text.length;
    }
    if (count) this.#rejoin(behind, traces);
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

  /**
   * Behind the head of its trace, if it belongs to one.
   *
   * @param {Line} line
   * @param {Traces} traces
   */
  #join(line, traces) {
    const found = this.#lineAt(traces.headOf(line));
    const head = found && this.#lineAt(found.head); // it may stand behind an older one by now
    if (head && head !== line) standBehind(line, head);
  }

  /**
   * Lines that had no head, or another, stand behind one of the older lines now.
   *
   * @param {number} from
   * @param {Traces} traces Of the lines before.
   */
  #rejoin(from, traces) {
    let ms = this.#lineAt(from - 1)?.ms ?? 0;
    for (let seq = from; seq < Math.min(this.next, from + MOST_REJOINED); seq += 1) {
      const line = this.#lineAt(seq);
      if (!line) continue;
      if (line.ms - ms > WITHIN_MS) return; // none of those can go on
      const head = this.#lineAt(traces.headOf(line));
      if (!head || head.seq >= from) continue;
      ms = line.ms;
      this.tally.remove(line);
      const former = this.#lineAt(line.head);
      if (former && former !== line) former.behind -= 1;
      standBehind(line, head);
      this.tally.add(line);
    }
  }

  /** @param {number} seq @returns {Line | null} */
  #lineAt(seq) {
    const entry = this.get(seq);
    return entry?.kind === "line" ? entry : null;
  }

  /** @param {WireLine[]} wires @returns {number} So many of the last ones there is room for. */
  #fitting(wires) {
    let characters = MOST_CHARACTERS - this.#characters;
    let count = 0;
    for (; count < Math.min(wires.length, this.room); count += 1) {
      characters -= wires[wires.length - 1 - count].text.length;
      if (characters < 0) break;
    }
    return count;
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
