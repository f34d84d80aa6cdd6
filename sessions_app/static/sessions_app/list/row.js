/** One entry as a row. */

import { element } from "../page/dom.js";
import { appendText } from "./spans.js";
import { clock } from "./times.js";

/**
 * @typedef {import("../types.js").Entry} Entry
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").Look} Look
 */

const BADGES = { error: "ERROR", warn: "WARN", info: "INFO", debug: "DEBUG" };
const HUES = 8;

/**
 * @param {Entry} entry
 * @param {Look} look
 * @returns {HTMLElement}
 */
export function rowOf(entry, look) {
  if (entry.kind === "note") return noteRow(entry);
  const row = element("div", "row");
  row.dataset.seq = String(entry.seq);
  if (entry.level) row.dataset.level = entry.level;
  if (look.time !== "off") row.append(timeOf(entry, look));
  row.append(tagOf(entry), badgeOf(entry));
  const text = element("span", "text");
  if (entry.stream === "stderr") text.append(element("span", "stderr", "stderr"), " ");
  appendText(text, entry.text, entry.plain, look);
  row.append(text);
  return row;
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
  tag.title = `${line.name} ${line.source} ${line.tag}`;
  tag.dataset.hue = String(hueOf(`${line.source}/${line.process}`));
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

/** @param {Line} line */
function badgeOf(line) {
  const badge = element("span", "badge");
  if (line.level) badge.textContent = BADGES[line.level];
  return badge;
}

/** @param {string} name */
function hueOf(name) {
  let hash = 7;
  for (let at = 0; at < name.length && at < 64; at += 1) hash = (hash * 31 + name.charCodeAt(at)) | 0;
  return Math.abs(hash) % HUES;
}
