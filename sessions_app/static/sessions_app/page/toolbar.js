/** The filter box, the chips and the highlights; what they say is in the address, too. */

import { button, byId, counted, element } from "./dom.js";
import { MOST_HIGHLIGHTS, SOURCES, filtersOf, fragmentOf, withoutDoubles } from "../find/fragment.js";
import { LEVELS } from "../find/levels.js";

/** @typedef {import("../find/fragment.js").Filters} Filters */

const TYPING_PAUSE_MS = 150;
const LEVEL_NAMES = { error: "Error", warn: "Warn", info: "Info", debug: "Debug" };

export class Toolbar {
  #query = byId("query");
  #problem = byId("problem");
  #highlight = byId("highlight");
  #terms = byId("highlights");
  #timer = 0;
  /** @type {Map<string, HTMLElement>} */
  #levelChips = new Map();
  /** @type {Map<string, HTMLElement>} */
  #sourceChips = new Map();

  /** @type {Filters} */
  filters = filtersOf(location.hash);
  /** Which lines are shown has changed. */
  onFilter = () => {};
  /** What is marked in them has changed. */
  onHighlight = () => {};

  constructor() {
    this.#chips(LEVELS, "levels", "hiddenLevels", this.#levelChips, LEVEL_NAMES);
    this.#chips(SOURCES, "sources", "hiddenSources", this.#sourceChips, {});
    this.#query.addEventListener("input", () => this.#typed());
    this.#query.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") this.#changed();
    });
    for (const name of /** @type {const} */ (["regex", "invert", "matchCase"])) {
      byId(name).addEventListener("click", () => {
        this.filters[name] = !this.filters[name];
        this.#changed();
      });
    }
    byId("query-clear").addEventListener("click", () => this.clearQuery());
    byId("highlight-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#addHighlight();
    });
    window.addEventListener("hashchange", () => {
      this.filters = filtersOf(location.hash);
      this.#show();
      this.onFilter();
      this.onHighlight();
    });
    this.#show();
  }

  get isFiltering() {
    const { query, hiddenLevels, hiddenSources } = this.filters;
    return Boolean(query || hiddenLevels.size || hiddenSources.size);
  }

  focusQuery() {
    this.#query.focus();
    this.#query.select();
  }

  focusHighlight() {
    this.#highlight.focus();
  }

  clearQuery() {
    this.filters.query = "";
    this.#changed();
  }

  /** Nothing is filtered any more. */
  clear() {
    this.filters.query = "";
    this.filters.hiddenLevels.clear();
    this.filters.hiddenSources.clear();
    this.#changed();
  }

  /** @param {string} problem Empty: there is none. */
  showProblem(problem) {
    this.#problem.textContent = problem;
    this.#query.setAttribute("aria-invalid", String(problem !== ""));
  }

  /** @param {Record<string, number>} counts By level. */
  showCounts(counts) {
    for (const [level, chip] of this.#levelChips) {
      const count = /** @type {HTMLElement} */ (chip.lastElementChild);
      count.textContent = counts[level] ? counted(counts[level]) : "";
    }
  }

  /**
   * @param {readonly string[]} names
   * @param {string} parent
   * @param {"hiddenLevels" | "hiddenSources"} set
   * @param {Map<string, HTMLElement>} into
   * @param {Record<string, string>} labels
   */
  #chips(names, parent, set, into, labels) {
    for (const name of names) {
      const chip = button("chip", labels[name] ?? name, () => {});
      chip.title = `Hide or show. With Shift: only these.${into === this.#levelChips ? " Lines that name no level stay." : ""}`;
      chip.dataset.name = name;
      chip.append(element("span", "count"));
      chip.addEventListener("click", (event) => {
        const hidden = this.filters[set];
        if (event.shiftKey) {
          const others = names.filter((other) => other !== name);
          const isOnly = !hidden.has(name) && others.every((other) => hidden.has(other));
          this.filters[set] = new Set(isOnly ? [] : others);
        } else if (!hidden.delete(name)) hidden.add(name);
        this.#changed();
      });
      into.set(name, chip);
      byId(parent).append(chip);
    }
  }

  #typed() {
    this.filters.query = this.#query.value;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#changed(), TYPING_PAUSE_MS);
  }

  #changed() {
    window.clearTimeout(this.#timer);
    this.#keep();
    this.onFilter();
  }

  #keep() {
    const said = fragmentOf(this.filters);
    history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search);
    this.#show();
  }

  #addHighlight() {
    const terms = withoutDoubles([...this.filters.highlights, this.#highlight.value]);
    this.filters.highlights = terms.slice(0, MOST_HIGHLIGHTS);
    this.#highlight.value = "";
    this.#keep();
    this.onHighlight();
    byId("log").focus({ preventScroll: true }); // where n goes to the next one
  }

  /** @param {string} term */
  #dropHighlight(term) {
    this.filters.highlights = this.filters.highlights.filter((other) => other !== term);
    this.#keep();
    this.onHighlight();
    byId("log").focus({ preventScroll: true });
  }

  #show() {
    const { filters } = this;
    if (this.#query.value !== filters.query) this.#query.value = filters.query;
    byId("query-clear").hidden = !filters.query;
    for (const name of /** @type {const} */ (["regex", "invert", "matchCase"])) {
      byId(name).setAttribute("aria-pressed", String(filters[name]));
    }
    for (const [name, chip] of this.#levelChips) {
      chip.setAttribute("aria-pressed", String(!filters.hiddenLevels.has(name)));
    }
    for (const [name, chip] of this.#sourceChips) {
      chip.setAttribute("aria-pressed", String(!filters.hiddenSources.has(name)));
    }
    this.#terms.replaceChildren(...filters.highlights.map((term, index) => {
      const chip = button(`term hl-${index + 1}`, term, () => this.#dropHighlight(term));
      chip.setAttribute("aria-label", `Remove the highlight ${term}`);
      chip.title = "Remove this highlight";
      return chip;
    }));
    const full = filters.highlights.length >= MOST_HIGHLIGHTS;
    this.#highlight.disabled = full;
    this.#highlight.placeholder = full ? `${MOST_HIGHLIGHTS} at most` : "Highlight";
  }
}
