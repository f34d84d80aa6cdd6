/** JSON inside a line, printed with its parts told apart; bounded, and text nodes only. */

import { element } from "../page/dom.js";
import { appendShown } from "./controls.js";

const MOST_TEXT = 500_000; // characters
const MOST_PARTS = 3000;
const DEEPEST = 40;
const MOST_VALUE = 10_000; // characters
const MOST_FIELD = 500; // characters of a value that is filtered by
export const DEEPEST_FIELD = 3;

/**
 * @param {string} text
 * @returns {object | null} What stands between the first brace and the last.
 */
export function jsonIn(text) {
  if (text.length > MOST_TEXT) return null;
  const start = text.search(/[{[]/);
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  if (start < 0 || end <= start) return null;
  try {
    const value = JSON.parse(text.slice(start, end + 1));
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {object} value
 * @returns {HTMLElement} Its keys and values are buttons that filter by them, where rows have them.
 */
export function printedJson(value) {
  const box = element("pre", "json");
  let parts = 0;
  /**
   * @param {any} part
   * @param {string[]} path
   * @param {boolean} isField Whether it can be filtered by.
   */
  const print = (part, path, isField) => {
    parts += 1;
    if (parts > MOST_PARTS || path.length > DEEPEST) return box.append("…");
    if (part === null || typeof part !== "object") return box.append(scalar(part, isField ? path : null));
    const isList = Array.isArray(part);
    const entries = Object.entries(part);
    if (!entries.length) return box.append(isList ? "[]" : "{}");
    const indent = "  ".repeat(path.length + 1);
    box.append(isList ? "[" : "{");
    for (const [index, [key, item]] of entries.entries()) {
      if (parts > MOST_PARTS) {
        box.append(`\n${indent}…`);
        break;
      }
      box.append(`${index ? "," : ""}\n${indent}`);
      const names = isField && !isList && path.length < DEEPEST_FIELD;
      if (!isList) box.append(keyOf(key, names ? [...path, key] : null), ": ");
      print(item, [...path, key], names);
    }
    return box.append(`\n${"  ".repeat(path.length)}${isList ? "]" : "}"}`);
  };
  print(value, [], !Array.isArray(value));
  return box;
}

/**
 * @param {string} key
 * @param {string[] | null} path
 */
function keyOf(key, path) {
  const made = part("key", path);
  appendShown(made, JSON.stringify(key.slice(0, MOST_VALUE)));
  return made;
}

/**
 * @param {string | number | boolean | null} value
 * @param {string[] | null} path
 */
function scalar(value, path) {
  const made = part(value === null ? "null" : typeof value, path);
  const cut = typeof value === "string" && value.length > MOST_VALUE;
  appendShown(made, JSON.stringify(cut ? `${value.slice(0, MOST_VALUE)}…` : value));
  if (path) made.dataset.value = fieldText(value);
  return made;
}

/**
 * @param {string} className
 * @param {string[] | null} path Of what can be filtered by.
 */
function part(className, path) {
  if (!path) return element("span", className);
  const made = /** @type {HTMLButtonElement} */ (element("button", className));
  made.type = "button";
  made.title = "Show only lines with this";
  made.dataset.field = path.join(".");
  return made;
}

/** @param {any} value @returns {string} As filters and rows have it. */
export function fieldText(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MOST_FIELD ? `${text.slice(0, MOST_FIELD)}…` : text;
}
