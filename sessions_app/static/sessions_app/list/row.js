/** One entry as a row. */

import { element } from "../page/dom.js";
import { fieldsIn } from "../find/fields.js";
import { rangesOf } from "./marks.js";
import { appendText } from "./spans.js";
import { clock } from "./times.js";

/**
 * @typedef {import("../find/fields.js").Fields} Fields
 * @typedef {import("../find/pattern-marks.js").PatternMarks} PatternMarks
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").Look} Look
 */

export const MOST_SHOWN = 5000; // characters, unless there are to be more
const MOST_PAIRS = 30;
const BADGES = { error: "ERROR", warn: "WARN", info: "INFO", debug: "DEBUG" };
const BEGINNING = 60; // characters in which a line names its level itself
const HUES = 8;

/**
 * @param {Entry} entry
 * @param {Look} look
 * @param {PatternMarks} marks
 * @param {number} [most] Characters of its text.
 * @returns {HTMLElement} With `data-waits` where the pattern's marks are still to come.
 */
export function rowOf(entry, look, marks, most = MOST_SHOWN) {
  if (entry.kind === "note") return noteRow(entry);
  const row = element("div", "row");
  const isHead = entry.head === entry.seq;
  row.dataset.seq = String(entry.seq);
  if (entry.level) row.dataset.level = entry.level;
  if (!isHead) row.classList.add("behind");
  if (look.time !== "off") row.append(timeOf(entry, look));
  const fields = look.json ? fieldsIn(entry.plain) : null;
  const badge = isHead ? badgeOf(entry, fields?.message ?? entry.plain) : element("span", "badge");
  row.append(tagOf(entry), badge);
  const text = element("span", "text");
  if (entry.stream === "stderr" && isHead) text.append(element("span", "stderr", "stderr"), " ");
  const append = (/** @type {HTMLElement} */ parent, /** @type {string} */ plain, styled = plain) => {
    const found = look.pattern ? marks.of(plain.slice(0, most)) : [];
    if (!found) row.dataset.waits = "";
    const ranges = rangesOf(plain.slice(0, most), look, found ?? []);
    appendText(parent, { text: styled, plain, ranges, ansi: look.ansi, most });
  };
  if (fields) appendFields(text, fields, append);
  else append(text, entry.plain, entry.text);
  row.append(text);
  return row;
}

/**
 * A line that is JSON: its message, then its other fields; each filters when it is clicked.
 *
 * @param {HTMLElement} parent
 * @param {Fields} fields
 * @param {(parent: HTMLElement, plain: string) => void} append
 */
function appendFields(parent, { message, pairs }, append) {
  if (message) append(parent, message);
  for (const [name, value] of pairs.slice(0, MOST_PAIRS)) {
    const key = element("span", "key");
    append(key, name);
    key.dataset.field = name;
    const shown = element("span", "value");
    append(shown, value);
    shown.dataset.field = name;
    shown.dataset.value = value;
    parent.append(" ", element("span", "pair", key, "=", shown));
  }
  const more = pairs.length - MOST_PAIRS;
  if (more > 0) parent.append(element("span", "rest", ` … ${more} more fields`));
}

/** @param {import("../types.js").Note} note */
function noteRow(note) {
  const row = element("div", `row note ${note.weight}`, element("span", "", note.text));
  row.dataset.seq = String(note.seq);
  return row;
}

/**
 * @param {Line} line
 * @param {Look} look
 */
function timeOf(line, look) {
  const made = /** @type {HTMLButtonElement} */ (element("button", "time", clock(line.ms, look)));
  made.type = "button";
  made.tabIndex = -1; // Enter and the detail pane lead to the same place
  made.title = `${line.time}\nShow this line in context, without filters`;
  return made;
}

/** @param {Line} line */
function tagOf(line) {
  const tag = element("span", "tag", shortTag(line));
  tag.title = `${line.name} ${line.source} ${line.tag}\nShow only these lines`;
  tag.dataset.hue = String(hueOf(`${line.source}/${line.process}`));
  tag.dataset.field = "tag";
  tag.dataset.value = line.tag;
  return tag;
}

/** `web.1050769379-6ktnc` → `web.6ktnc`; the title has all of it. @param {Line} line */
export function shortTag(line) {
  if (line.source !== "app") return line.source || "-";
  const dot = line.tag.indexOf(".");
  if (dot < 0) return line.tag || line.process || "app";
  const pod = line.tag.slice(dot + 1);
  return `${line.tag.slice(0, dot)}.${pod.slice(pod.lastIndexOf("-") + 1)}`;
}

/**
 * @param {Line} line
 * @param {string} text
 */
function badgeOf(line, text) {
  const badge = element("span", "badge");
  const word = line.level && BADGES[line.level];
  if (word && !text.slice(0, BEGINNING).includes(word)) badge.textContent = word;
  return badge;
}

/** @param {string} name */
function hueOf(name) {
  let hash = 7;
  for (let at = 0; at < name.length && at < 64; at += 1) hash = (hash * 31 + name.charCodeAt(at)) | 0;
  return Math.abs(hash) % HUES;
}
