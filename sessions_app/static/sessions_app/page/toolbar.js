/** The filter box, the chips and the highlights; what they say is in the address, too. */

import { Chips } from "./chips.js";
import { button, byId } from "./dom.js";
import { Choice } from "../find/choice.js";
import {
  KINDS, MOST_HIGHLIGHTS, SOURCES, addField, filtersOf, fragmentOf, withoutDoubles, wordOf,
} from "../find/fragment.js";
import { LEVELS } from "../find/levels.js";

/**
 * @typedef {import("../find/fragment.js").Field} Field
 * @typedef {import("../find/fragment.js").Filters} Filters
 * @typedef {import("../find/fragment.js").Kind} Kind
 * @typedef {import("../stream/tally.js").Counts} Counts
 */

const TYPING_PAUSE_MS = 150;
const LEVEL_NAMES = { error: "Error", warn: "Warn", info: "Info", debug: "Debug", none: "No level" };
const SWITCHES = /** @type {const} */ (["regex", "invert", "matchCase"]);

export class Toolbar {
  #query = byId("query");
  #problem = byId("problem");
  #highlight = byId("highlight");
  #terms = byId("highlights");
  #fields = byId("fields");
  #timer = 0;
  /** @type {Map<Kind, Chips>} */
  #chips = new Map();

  /** @type {Filters} */
  filters = filtersOf(location.hash);
  /** Which lines are shown has changed. */
  onFilter = () => {};
  /** What is marked in them has changed. */
  onHighlight = () => {};

  constructor() {
    this.#addChips("level", LEVELS, LEVEL_NAMES);
    this.#addChips("source", SOURCES);
    this.#addChips("process", []);
    this.#addChips("stream", []);
    this.#query.addEventListener("input", () => this.#typed());
    this.#query.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") this.#changed();
    });
    for (const name of SWITCHES) {
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
    const { query, shown, fields } = this.filters;
    return Boolean(query || fields.length || KINDS.some((kind) => shown[kind].isFiltering));
  }

  /** @returns {boolean} Whether it had the focus already. */
  focusQuery() {
    const had = document.activeElement === this.#query;
    this.#query.focus();
    this.#query.select();
    return had;
  }

  focusHighlight() {
    this.#highlight.focus();
  }

  clearQuery() {
    this.filters.query = "";
    this.#changed();
  }

  /** The filter goes, or without one the field that came last. */
  stepBack() {
    if (!this.filters.query) this.filters.fields = this.filters.fields.slice(0, -1);
    this.clearQuery();
  }

  /** Nothing is filtered any more. */
  clear() {
    this.filters.query = "";
    this.filters.fields = [];
    for (const kind of KINDS) this.filters.shown[kind] = new Choice();
    this.#changed();
  }

  /** @param {Field} field Only lines with it are shown, of those that are shown now. */
  narrow(field) {
    addField(this.filters, field);
    this.#changed();
  }

  /** @param {string} problem Empty: there is none. */
  showProblem(problem) {
    this.#problem.textContent = problem;
    this.#query.setAttribute("aria-invalid", String(problem !== ""));
  }

  /** @param {Record<Kind, Counts>} counts */
  showCounts(counts) {
    for (const [kind, chips] of this.#chips) chips.count(counts[kind]);
  }

  /**
   * @param {Kind} kind
   * @param {readonly string[]} names
   * @param {Record<string, string>} [labels]
   */
  #addChips(kind, names, labels = {}) {
    const choice = () => this.filters.shown[kind];
    this.#chips.set(kind, new Chips(kind, names, labels, choice, () => this.#changed()));
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
    if (terms.length > MOST_HIGHLIGHTS) return;
    this.#highlight.value = "";
    this.#highlightsAre(terms);
  }

  /** @param {string[]} terms */
  #highlightsAre(terms) {
    this.filters.highlights = terms;
    this.#keep();
    this.onHighlight();
  }

  #show() {
    const { filters } = this;
    if (this.#query.value !== filters.query) this.#query.value = filters.query;
    byId("query-clear").hidden = !filters.query;
    for (const name of SWITCHES) byId(name).setAttribute("aria-pressed", String(filters[name]));
    for (const chips of this.#chips.values()) chips.show();
    this.#fields.replaceChildren(...filters.fields.map((field) => {
      return removable("field", wordOf(field), "filter", () => {
        this.filters.fields = this.filters.fields.filter((other) => other !== field);
        this.#changed();
      });
    }));
    this.#terms.replaceChildren(...filters.highlights.map((term, index) => {
      return removable(`term hl-${index + 1}`, term, "highlight", () => {
        this.#highlightsAre(this.filters.highlights.filter((other) => other !== term));
      });
    }));
    // It keeps the focus: what is typed on would be commands else.
    const full = filters.highlights.length >= MOST_HIGHLIGHTS;
    this.#highlight.readOnly = full;
    this.#highlight.placeholder = full ? `${MOST_HIGHLIGHTS} at most` : "Highlight";
  }
}

/**
 * @param {string} className
 * @param {string} text
 * @param {string} what
 * @param {() => void} onClick
 */
function removable(className, text, what, onClick) {
  const made = button(className, text, onClick);
  made.setAttribute("aria-label", `Remove the ${what} ${text}`);
  made.title = `Remove the ${what} ${text}`;
  return made;
}
