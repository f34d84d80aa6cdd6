/**
 * How high rows are and where they lie, by place: 100,000 of them, in sums of 512 so that a place
 * is found in some hundred steps. Places come and go as in Seqs.
 */

const SLOTS = 1 << 17; // more than a store's lines
const GROUP = 9; // 512 places
const GROUPS = SLOTS >> GROUP;

export class Heights {
  #heights = new Float32Array(SLOTS);
  #sums = new Float64Array(GROUPS);

  start = 0;
  end = 0;
  total = 0;

  /** @param {number} start The place that comes first. */
  reset(start) {
    this.#sums.fill(0);
    this.start = this.end = start;
    this.total = 0;
  }

  /** @param {number} place @returns {number} */
  of(place) {
    return this.#heights[place & (SLOTS - 1)];
  }

  /** @param {number} height Of the next place. */
  push(height) {
    this.#heights[this.end & (SLOTS - 1)] = 0;
    this.end += 1;
    this.set(this.end - 1, height);
  }

  /**
   * @param {number} place
   * @param {number} height
   */
  set(place, height) {
    const change = height - this.of(place);
    this.#heights[place & (SLOTS - 1)] = height;
    this.#sums[(place >> GROUP) % GROUPS] += change;
    this.total += change;
  }

  /** @param {number} start @returns {number} How high was what lay before it. */
  dropBefore(start) {
    const before = this.total;
    while (this.start < start && this.start < this.end) {
      this.set(this.start, 0);
      this.start += 1;
    }
    return before - this.total;
  }

  /** @param {number} place @returns {number} Where it begins. */
  offsetOf(place) {
    let offset = 0;
    let at = this.start;
    const group = place >> GROUP;
    while (at >> GROUP < group) {
      offset += this.#sums[(at >> GROUP) % GROUPS];
      at = ((at >> GROUP) + 1) << GROUP;
    }
    for (; at < place; at += 1) offset += this.of(at);
    return offset;
  }

  /** @param {number} y @returns {[number, number]} The place that lies there, and where it begins. */
  find(y) {
    let offset = 0;
    let at = this.start;
    for (;;) {
      const next = ((at >> GROUP) + 1) << GROUP;
      const sum = this.#sums[(at >> GROUP) % GROUPS];
      if (next >= this.end || offset + sum > y) break;
      offset += sum;
      at = next;
    }
    while (at < this.end - 1 && offset + this.of(at) <= y) {
      offset += this.of(at);
      at += 1;
    }
    return [at, offset];
  }
}
