/**
 * Where the filter's pattern matches in the texts that are in sight. A worker looks for it, so a
 * row is drawn without its marks first, and again when they are known.
 */

import { PatternError, regexMatcher } from "./matchers.js";

/** @typedef {[number, number][]} Places */

const MOST_KNOWN = 2000; // texts

export class PatternMarks {
  /** @type {import("./matchers.js").RegexMatcher | null} */
  #matcher = null;
  #pattern = "";
  /** @type {Map<string, Places>} */
  #known = new Map();
  /** @type {Set<string>} */
  #wanted = new Set();
  #asking = false;
  /** Something is known that was asked for. */
  onKnown = () => {};

  /**
   * @param {string} query Empty: nothing is marked.
   * @param {boolean} matchCase
   */
  use(query, matchCase) {
    const pattern = query && `${matchCase}${query}`;
    if (pattern === this.#pattern) return;
    this.#pattern = pattern;
    this.#matcher?.close();
    this.#matcher = null;
    this.#known.clear();
    this.#wanted.clear();
    try {
      if (query) this.#matcher = regexMatcher(query, matchCase);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error; // the filter tells of it
    }
  }

  /**
   * @param {string} text
   * @returns {Places | null} Null: not known yet.
   */
  of(text) {
    if (!this.#matcher) return [];
    const known = this.#known.get(text);
    if (known) return known;
    this.#wanted.add(text);
    if (!this.#asking) void this.#ask();
    return null;
  }

  async #ask() {
    this.#asking = true;
    await null; // the other rows of this frame
    while (this.#matcher && this.#wanted.size) {
      const matcher = this.#matcher;
      const texts = [...this.#wanted];
      this.#wanted.clear();
      const places = await matcher.places(texts).catch(() => null);
      if (matcher !== this.#matcher) continue; // of another pattern by now
      if (places) this.#learn(texts, places);
      else this.#giveUp();
    }
    this.#asking = false;
  }

  /**
   * @param {string[]} texts
   * @param {Places[]} places
   */
  #learn(texts, places) {
    if (this.#known.size > MOST_KNOWN) this.#known.clear();
    for (const [index, text] of texts.entries()) this.#known.set(text, places[index]);
    this.onKnown();
  }

  /** It takes too long: nothing is marked. */
  #giveUp() {
    this.#matcher?.close();
    this.#matcher = null;
  }
}
