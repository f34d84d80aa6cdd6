/** Filters in the address behind `#`: they can be shared, and no server sees them. */

import { Choice } from "./choice.js";

/**
 * @typedef {"level" | "source" | "process" | "stream"} Kind What chips choose by.
 *
 * @typedef {object} Field A value that a line must have.
 * @property {string} name tag, or a key of JSON.
 * @property {string | null} value Null: whatever it is.
 *
 * @typedef {object} Filters
 * @property {string} query
 * @property {boolean} regex
 * @property {boolean} invert
 * @property {boolean} matchCase
 * @property {Record<Kind, Choice>} shown
 * @property {Field[]} fields
 * @property {string[]} highlights
 */

export const KINDS = /** @type {const} */ (["level", "source", "process", "stream"]);
export const SOURCES = /** @type {const} */ (["app", "router", "build"]);
export const STREAMS = /** @type {const} */ (["stdout", "stderr"]);
export const MOST_HIGHLIGHTS = 5;
const MOST_FIELDS = 10;
const MOST_TERM = 200; // characters
const MOST_FIELD = 2000; // characters

/**
 * @param {string} fragment With or without `#`.
 * @returns {Filters}
 */
export function filtersOf(fragment) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const chosen = KINDS.map((kind) => [kind, Choice.of(asked.get(kind))]);
  return {
    query: asked.get("q") ?? "",
    regex: asked.has("re"),
    invert: asked.has("not"),
    matchCase: asked.has("case"),
    shown: Object.fromEntries(chosen),
    fields: [...new Set(asked.getAll("is"))].slice(0, MOST_FIELDS).flatMap(fieldOf),
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
  for (const kind of KINDS) {
    if (filters.shown[kind].isFiltering) said.set(kind, String(filters.shown[kind]));
  }
  for (const field of filters.fields) said.append("is", wordOf(field));
  for (const term of filters.highlights) said.append("hl", term);
  return said.toString();
}

/** @param {Field} field @returns {string} `name=value`, or `name`. */
export function wordOf({ name, value }) {
  return value === null ? name : `${name}=${value}`;
}

/** @param {string[]} terms */
export function withoutDoubles(terms) {
  const clean = terms.map((term) => term.trim().slice(0, MOST_TERM)).filter(Boolean);
  return [...new Set(clean)];
}

/**
 * @param {Filters} filters
 * @param {Field} field One more; what has it already stays as it is.
 */
export function addField(filters, field) {
  const known = filters.fields.some((other) => wordOf(other) === wordOf(field));
  if (known || filters.fields.length >= MOST_FIELDS || wordOf(field).length > MOST_FIELD) return;
  filters.fields = [...filters.fields, field];
}

/** @param {string} word @returns {Field[]} None when it is none. */
function fieldOf(word) {
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  if (!name || word.length > MOST_FIELD) return [];
  return [{ name, value: at < 0 ? null : word.slice(at + 1) }];
}
