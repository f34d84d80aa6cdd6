/**
 * Ascending numbers of entries: added at the end, dropped at the front. A place in it is counted
 * from its very beginning, so it stays the same when the front is dropped.
 */
export class Seqs {
  /** @type {number[]} */
  #numbers = [];
  #head = 0;
  #dropped = 0;

  /** The first place that is held, and the first that is not yet. */
  get start() {
    return this.#dropped;
  }

  get end() {
    return this.#dropped + this.length;
  }

  get length() {
    return this.#numbers.length - this.#head;
  }

  /** @param {number} place */
  at(place) {
    return this.#numbers[place - this.#dropped + this.#head];
  }

  /** @param {number} seq */
  push(seq) {
    this.#numbers.push(seq);
  }

  /**
   * @param {number} seq
   * @returns {number} The first place whose number is not lower.
   */
  placeOf(seq) {
    let low = this.#head;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle] < seq) low = middle + 1;
      else high = middle;
    }
    return low - this.#head + this.#dropped;
  }

  /** @param {number} seq Lower numbers go. */
  dropBefore(seq) {
    const count = this.placeOf(seq) - this.#dropped;
    this.#head += count;
    this.#dropped += count;
    if (this.#head > 50_000) {
      this.#numbers.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
