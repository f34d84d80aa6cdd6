/**
 * The scrolled list: only rows near the window exist. Rows stay the same elements as long as they
 * are in sight, so that a selection in them survives.
 */

import { Heights } from "./heights.js";

/**
 * @typedef {import("../stream/seqs.js").Seqs} Seqs
 *
 * @typedef {object} Source
 * @property {() => Seqs} seqs
 * @property {(seq: number) => HTMLElement} row
 * @property {(seq: number) => number} guess A row's height in pixels, as far as it can be told.
 * @property {() => boolean} isExact Whether guesses are right, so that nothing has to be measured.
 */

const BEYOND = 200; // pixels above and below the window
const ROUNDS = 3; // of measuring

export class VirtualList {
  #scroller;
  #canvas;
  #block;
  #source;
  #heights = new Heights();
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #asked = false;
  #lead;

  /** Whether the end is kept in sight. */
  follows = true;
  /** What the list itself scrolled to last. */
  scrolledTo = 0;
  onDrawn = () => {};

  /**
   * @param {{scroller: HTMLElement, canvas: HTMLElement, block: HTMLElement, lead: number}} parts
   *   `lead`: pixels above the first row.
   * @param {Source} source
   */
  constructor({ scroller, canvas, block, lead }, source) {
    this.#scroller = scroller;
    this.#canvas = canvas;
    this.#block = block;
    this.#lead = lead;
    this.#source = source;
    scroller.addEventListener("scroll", () => this.ask(), { passive: true });
    new ResizeObserver(() => this.redraw()).observe(scroller);
  }

  /** Draws at the next frame. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  /** Rows look different now, or there are others: draws all again, with the same row on top. */
  redraw() {
    const anchor = this.topSeq();
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#heights.reset(this.#source.seqs().start);
    this.#take();
    if (anchor !== null && !this.follows) this.show(anchor.seq, -anchor.above);
    this.ask();
  }

  /**
   * @returns {{seq: number, above: number} | null} The top row, and its pixels out of sight; below
   *   zero while there is room above the first one.
   */
  topSeq() {
    const seqs = this.#source.seqs();
    const heights = this.#heights;
    if (heights.end === heights.start) return null;
    const y = this.#scroller.scrollTop - this.#lead;
    const [place, offset] = heights.find(Math.max(0, y));
    const first = [...this.#rows.keys()].find((seq) => this.#isInSight(seq));
    const seq = first ?? seqs.at(place);
    return seq === undefined ? null : { seq, above: y - offset };
  }

  /**
   * @param {number} seq Scrolls to it, or to what follows it.
   * @param {number} [below] Pixels between the window's top and it.
   */
  show(seq, below = this.#scroller.clientHeight / 3) {
    const place = Math.min(this.#source.seqs().placeOf(seq), this.#heights.end - 1);
    this.#resize();
    this.#scrollTo(this.#lead + this.#heights.offsetOf(place) - below);
    this.ask();
  }

  /** @param {number} seq Scrolls as little as possible. */
  reveal(seq) {
    const row = this.#rows.get(seq);
    if (row) {
      row.scrollIntoView({ block: "nearest" });
      this.scrolledTo = this.#scroller.scrollTop;
    } else this.show(seq);
  }

  /** @param {number} seq Its row looks different now. */
  renew(seq) {
    this.#rows.get(seq)?.remove();
    if (this.#rows.delete(seq)) this.ask();
  }

  /** @param {(row: HTMLElement, seq: number) => void} visit */
  eachRow(visit) {
    this.#rows.forEach(visit);
  }

  /** @param {number} seq */
  #isInSight(seq) {
    const row = this.#rows.get(seq);
    const box = this.#scroller.getBoundingClientRect();
    return row !== undefined && row.getBoundingClientRect().bottom > box.top;
  }

  /** Takes in what came and went in the source. @returns {number} Pixels that went on top. */
  #take() {
    const seqs = this.#source.seqs();
    const heights = this.#heights;
    const gone = heights.dropBefore(seqs.start);
    if (heights.start < seqs.start) heights.reset(seqs.start);
    for (let place = heights.end; place < seqs.end; place += 1) {
      heights.push(this.#source.guess(seqs.at(place)));
    }
    return gone;
  }

  #draw() {
    const gone = this.#take();
    this.#resize();
    if (this.follows) this.#scrollToEnd();
    else if (gone) this.#scrollTo(this.#scroller.scrollTop - gone);
    for (let round = 0; round < ROUNDS; round += 1) {
      const top = this.#scroller.scrollTop - this.#lead;
      this.#place(top);
      if (this.#source.isExact() || !this.#measure(top)) break;
      this.#resize();
      if (this.follows) this.#scrollToEnd();
    }
    this.onDrawn();
  }

  /** @param {number} top */
  #place(top) {
    const seqs = this.#source.seqs();
    const heights = this.#heights;
    const bottom = top + this.#scroller.clientHeight + BEYOND;
    let [place, offset] = heights.find(Math.max(0, top - BEYOND));
    this.#block.style.transform = `translateY(${this.#lead + offset}px)`;
    const wanted = new Map();
    for (; place < heights.end && offset < bottom; place += 1) {
      const seq = seqs.at(place);
      wanted.set(seq, this.#rows.get(seq) ?? this.#source.row(seq));
      offset += heights.of(place);
    }
    for (const [seq, row] of this.#rows) if (!wanted.has(seq)) row.remove();
    let after = this.#block.firstChild;
    for (const row of wanted.values()) {
      if (row === after) after = after?.nextSibling ?? null;
      else this.#block.insertBefore(row, after);
    }
    this.#rows = wanted;
  }

  /** @param {number} top @returns {boolean} Whether any row was not as high as it was thought. */
  #measure(top) {
    const seqs = this.#source.seqs();
    let changed = false;
    let above = 0;
    const first = this.#rows.keys().next().value;
    if (first === undefined) return false;
    let place = seqs.placeOf(first);
    let offset = this.#heights.offsetOf(place);
    const real = [...this.#rows.values()].map((row) => row.getBoundingClientRect().height);
    for (const height of real) {
      const thought = this.#heights.of(place);
      if (Math.abs(height - thought) > 0.5) {
        this.#heights.set(place, height);
        if (offset + thought <= top) above += height - thought;
        changed = true;
      }
      offset += thought;
      place += 1;
    }
    if (above && !this.follows) {
      this.#resize();
      this.#scrollTo(this.#scroller.scrollTop + above);
    }
    return changed;
  }

  #resize() {
    this.#canvas.style.height = `${this.#lead + this.#heights.total}px`;
  }

  #scrollToEnd() {
    this.#scrollTo(this.#scroller.scrollHeight);
  }

  /** @param {number} top */
  #scrollTo(top) {
    this.#scroller.scrollTop = top;
    this.scrolledTo = this.#scroller.scrollTop;
  }
}
