/** Chips of one kind: each hides or shows the lines of a name, and says how many there are. */

import { button, byId, counted, element } from "./dom.js";
import { NONE } from "../stream/tally.js";

/**
 * @typedef {import("../find/choice.js").Choice} Choice
 * @typedef {import("../find/fragment.js").Kind} Kind
 * @typedef {import("../stream/tally.js").Counts} Counts
 */

const MOST = 8;
const TITLE = "Hide or show. With Shift, or pressed for long: only this.";

export class Chips {
  #kind;
  #labels;
  #fixed;
  #room;
  #choice;
  #onChange;
  /** @type {Map<string, HTMLElement>} */
  #chips = new Map();

  /**
   * @param {Kind} kind
   * @param {readonly string[]} fixed Names that are always there; without any those that come,
   *   once there are two of them.
   * @param {Record<string, string>} labels
   * @param {() => Choice} choice
   * @param {() => void} onChange
   */
  constructor(kind, fixed, labels, choice, onChange) {
    this.#kind = kind;
    this.#fixed = fixed;
    this.#labels = labels;
    this.#choice = choice;
    this.#onChange = onChange;
    this.#room = byId(`${kind}-chips`);
    for (const name of fixed) this.#add(name);
  }

  /** @param {Counts} counts */
  count(counts) {
    if (!this.#fixed.length) this.#grow(counts);
    for (const [name, chip] of this.#chips) {
      const count = counts.get(name);
      const shown = /** @type {HTMLElement} */ (chip.lastElementChild);
      shown.textContent = count ? counted(count) : "";
    }
  }

  /** What is chosen. */
  show() {
    const choice = this.#choice();
    if (!this.#fixed.length) for (const name of choice.names) this.#add(name);
    for (const [name, chip] of this.#chips) {
      chip.setAttribute("aria-pressed", String(choice.shows(name)));
    }
  }

  /** @param {Counts} counts */
  #grow(counts) {
    const names = [...counts.keys()].filter((name) => name !== NONE && counts.get(name));
    if (names.length < 2 && !this.#chips.size) return;
    for (const name of names) this.#add(name);
  }

  /** @param {string} name */
  #add(name) {
    if (this.#chips.has(name) || this.#chips.size >= MOST) return;
    const chip = button("chip", this.#labels[name] ?? name.slice(0, 40), () => {});
    chip.title = TITLE;
    chip.dataset.kind = this.#kind;
    chip.dataset.name = name;
    chip.setAttribute("aria-pressed", String(this.#choice().shows(name)));
    chip.append(element("span", "count"));
    chip.addEventListener("click", (event) => this.#choose(name, event.shiftKey));
    chip.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.#choose(name, true);
    });
    this.#chips.set(name, chip);
    this.#room.append(chip);
  }

  /**
   * @param {string} name
   * @param {boolean} only
   */
  #choose(name, only) {
    if (only) this.#choice().only(name);
    else this.#choice().toggle(name);
    this.#onChange();
  }
}
