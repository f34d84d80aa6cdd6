/**
 * The entries that the filter lets pass, kept up with the store.
 *
 * A changed filter goes through all lines again in short slices; what was shown stays until it is
 * through. Notes pass every filter.
 */

import { PatternError, regexMatcher, textMatcher } from "./matchers.js";
import { hasFields } from "./fields.js";
import { Seqs } from "../stream/seqs.js";
import { NONE } from "../stream/tally.js";

/**
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../types.js").Criteria} Criteria
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 */

const CHUNK = 2000; // lines looked at without a break
const PARSED_CHUNK = 200; // where each is parsed for its fields
const SLICE_MS = 8;

export class Sieve {
  #store;
  #run = 0;
  #running = false;
  #cursor = 0;
  /** @type {Criteria | null} */
  #criteria = null;
  /** @type {import("./matchers.js").Matcher | null} */
  #matcher = null;
  /** @type {Seqs | null} */
  #building = null;

  shown = new Seqs();
  /** Whether a line stays behind the head of its trace. @type {(line: Line) => boolean} */
  isFolded = () => false;
  /** More is shown at the end. */
  onMore = () => {};
  /** Something else is shown. */
  onOther = () => {};
  /** @type {(problem: string) => void} */
  onProblem = () => {};

  /** @param {LineStore} store */
  constructor(store) {
    this.#store = store;
  }

  /** Whether a text or a pattern is looked for: not where it is none, or takes too long. */
  get looksFor() {
    return this.#matcher !== null;
  }

  /** @param {Criteria | null} criteria Null: all pass. */
  use(criteria) {
    this.#matcher?.close();
    this.#matcher = null;
    this.#criteria = criteria;
    this.onProblem("");
    try {
      if (criteria?.query) {
        const make = criteria.regex ? regexMatcher : textMatcher;
        this.#matcher = make(criteria.query, criteria.matchCase);
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#restart();
  }

  /** The store has more, or was cleared. */
  pull() {
    if (!this.#running) void this.#scan(this.#run);
  }

  #restart() {
    this.#run += 1;
    this.#building = new Seqs();
    this.#cursor = this.#store.first;
    void this.#scan(this.#run);
  }

  /** @param {number} run */
  async #scan(run) {
    this.#running = true;
    let began = performance.now();
    const chunk = this.#criteria?.fields.length ? PARSED_CHUNK : CHUNK;
    for (;;) {
      const from = Math.max(this.#cursor, this.#store.first);
      const to = Math.min(from + chunk, this.#store.next);
      if (from >= to) break;
      const passed = this.#passedChips(from, to);
      const verdicts = this.#matcher ? await this.#verdicts(passed) : null;
      if (run !== this.#run) return; // another filter has begun meanwhile
      this.#keep(passed, verdicts);
      this.#cursor = to;
      if (performance.now() - began > SLICE_MS) {
        await breather();
        if (run !== this.#run) return;
        began = performance.now();
      }
    }
    this.#running = false;
    if (this.#building) {
      this.shown = this.#building;
      this.#building = null;
      this.onOther();
    } else this.onMore();
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {Entry[]}
   */
  #passedChips(from, to) {
    const entries = [];
    for (let seq = from; seq < to; seq += 1) {
      const entry = /** @type {Entry} */ (this.#store.get(seq));
      if (entry.kind === "note" || this.#passes(entry)) entries.push(entry);
    }
    return entries;
  }

  /** @param {Line} line @returns {boolean} What chips and fields say of it. */
  #passes(line) {
    if (this.isFolded(line)) return false;
    if (!this.#criteria) return true;
    const { shown, fields } = this.#criteria;
    return (
      shown.level.shows(line.level || NONE) &&
      shown.source.shows(line.source || NONE) &&
      shown.process.shows(line.process || NONE) &&
      shown.stream.shows(line.stream || NONE) &&
      (!fields.length || hasFields(line, fields))
    );
  }

  /** @param {Entry[]} entries */
  async #verdicts(entries) {
    try {
      const texts = entries.map((entry) => (entry.kind === "line" ? entry.plain : ""));
      return await this.#matcher?.test(texts);
    } catch (error) {
      this.#failed(error);
      this.#restart(); // with all lines: a filter that is off hides nothing
      return null;
    }
  }

  /**
   * @param {Entry[]} entries
   * @param {boolean[] | null | undefined} verdicts Null: all pass.
   */
  #keep(entries, verdicts) {
    const list = this.#building ?? this.shown;
    const wanted = !this.#criteria?.invert;
    entries.forEach((entry, index) => {
      if (!verdicts || entry.kind === "note" || verdicts[index] === wanted) list.push(entry.seq);
    });
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!(error instanceof PatternError)) throw error;
    this.#matcher?.close();
    this.#matcher = null;
    this.onProblem(error.message);
  }
}

function breather() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
