/** JSON inside a line, printed with its parts told apart; bounded, and text nodes only. */

import { element } from "../page/dom.js";
import { appendShown } from "./controls.js";

const MOST_TEXT = 500_000; // characters
const MOST_PARTS = 3000;
const DEEPEST = 40;
const MOST_VALUE = 10_000; // characters

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
 * @returns {HTMLElement}
 */
export function printedJson(value) {
  const box = element("pre", "json");
  let parts = 0;
  /**
   * @param {any} part
   * @param {number} depth
   */
  const print = (part, depth) => {
    parts += 1;
    if (parts > MOST_PARTS || depth > DEEPEST) return box.append("…");
    if (part === null || typeof part !== "object") return append(box, part);
    const isList = Array.isArray(part);
    const entries = Object.entries(part);
    if (!entries.length) return box.append(isList ? "[]" : "{}");
    const indent = "  ".repeat(depth + 1);
    box.append(isList ? "[" : "{");
    for (const [index, [key, item]] of entries.entries()) {
      if (parts > MOST_PARTS) {
        box.append(`\n${indent}…`);
        break;
      }
      box.append(`${index ? "," : ""}\n${indent}`);
      if (!isList) {
        const name = element("span", "key");
        appendShown(name, JSON.stringify(key.slice(0, MOST_VALUE)));
        box.append(name, ": ");
      }
      print(item, depth + 1);
    }
    return box.append(`\n${"  ".repeat(depth)}${isList ? "]" : "}"}`);
  };
  print(value, 0);
  return box;
}

/**
 * @param {HTMLElement} box
 * @param {string | number | boolean | null} value
 */
function append(box, value) {
  const made = element("span", value === null ? "null" : typeof value);
  const cut = typeof value === "string" && value.length > MOST_VALUE;
  appendShown(made, JSON.stringify(cut ? `${value.slice(0, MOST_VALUE)}…` : value));
  box.append(made);
}
