/** Filters in the address behind `#`: they can be shared, and no server sees them. */

import { LEVELS } from "./levels.js";

/**
 * @typedef {object} Filters
 * @property {string} query
 * @property {boolean} regex
 * @property {boolean} invert
 * @property {boolean} matchCase
 * @property {Set<string>} hiddenLevels
 * @property {Set<string>} hiddenSources
 * @property {string[]} highlights
 */

export const SOURCES = /** @type {const} */ (["app", "router", "build"]);
export const MOST_HIGHLIGHTS = 5;
const MOST_TERM = 200; // characters

/**
 * @param {string} fragment With or without `#`.
 * @returns {Filters}
 */
export function filtersOf(fragment) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  return {
    query: asked.get("q") ?? "",
    regex: asked.has("re"),
    invert: asked.has("not"),
    matchCase: asked.has("case"),
    hiddenLevels: hidden(asked.get("level"), LEVELS),
    hiddenSources: hidden(asked.get("source"), SOURCES),
    highlights: withoutDoubles(asked.getAll("hl")).slice(0, MOST_HIGHLIGHTS),
  };
}

/**
 * @param {Filters} filters
 * @returns {string} Empty when nothing is filtered.
 */
export function fragmentOf(filters) {
  const said = new URLSearchParams();
  if (filters.query) said.set("q", filters.query);
  if (filters.query && filters.regex) said.set("re", "1");
  if (filters.query && filters.invert) said.set("not", "1");
  if (filters.query && filters.matchCase) said.set("case", "1");
  if (filters.hiddenLevels.size) said.set("level", left(LEVELS, filters.hiddenLevels));
  if (filters.hiddenSources.size) said.set("source", left(SOURCES, filters.hiddenSources));
  for (const term of filters.highlights) said.append("hl", term);
  return said.toString();
}

/** @param {string[]} terms */
export function withoutDoubles(terms) {
  const clean = terms.map((term) => term.trim().slice(0, MOST_TERM)).filter(Boolean);
  return [...new Set(clean)];
}

/**
 * @param {string | null} shown
 * @param {readonly string[]} all
 * @returns {Set<string>}
 */
function hidden(shown, all) {
  if (shown === null) return new Set();
  const names = shown.split(",");
  return new Set(all.filter((name) => !names.includes(name)));
}

/**
 * @param {readonly string[]} all
 * @param {Set<string>} without
 */
function left(all, without) {
  return all.filter((name) => !without.has(name)).join(",");
}
