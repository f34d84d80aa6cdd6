/**
 * Which names of a kind are shown: all but some, or some alone. So a process that comes later is
 * shown with the first, and not with the second.
 */

const BUT = "!"; // in front of what is hidden

export class Choice {
  /** Whether the names are those that are shown, and not those that are hidden. */
  #alone;
  #names;

  /**
   * @param {Iterable<string>} [names]
   * @param {boolean} [alone]
   */
  constructor(names = [], alone = false) {
    this.#names = new Set(names);
    this.#alone = alone;
  }

  /** @param {string | null} said As `String(choice)` says it; null: all are shown. */
  static of(said) {
    if (said === null) return new Choice();
    const hides = said.startsWith(BUT);
    return new Choice((hides ? said.slice(1) : said).split(",").filter(Boolean), !hides);
  }

  get isFiltering() {
    return this.#alone || this.#names.size > 0;
  }

  /** @param {string} name */
  shows(name) {
    return this.#names.has(name) === this.#alone;
  }

  /** @param {string} name Hidden, or shown again. */
  toggle(name) {
    if (!this.#names.delete(name)) this.#names.add(name);
    if (!this.#names.size) this.#alone = false;
  }

  /** @param {string} name Only this one; once more: all. */
  only(name) {
    const isOnly = this.#alone && this.#names.size === 1 && this.#names.has(name);
    this.#names = new Set(isOnly ? [] : [name]);
    this.#alone = !isOnly;
  }

  /** Those that are named, shown or hidden. */
  get names() {
    return [...this.#names];
  }

  toString() {
    return `${this.#alone ? "" : BUT}${this.names.join(",")}`;
  }
}
