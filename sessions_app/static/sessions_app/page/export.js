/** Lines leave the page: copied, or as a file. */

import { plainOf } from "../list/ansi.js";

/** @typedef {import("../types.js").Line} Line */

const PER_PART = 2000; // lines

/**
 * @param {Line} line
 * @param {boolean} [colours] Whether escape sequences stay.
 * @returns {string} As curl gets it.
 */
export function textOf(line, colours = false) {
  const isApp = line.source === "app" && !line.tag.startsWith("akkeris/");
  const label = isApp ? `app[${line.tag}]` : line.tag || line.source;
  return `${line.time} ${line.name} ${label}: ${colours ? line.text : line.plain}`;
}

/**
 * @param {Line} line
 * @param {boolean} colours
 * @returns {string}
 */
export function jsonOf(line, colours) {
  const { time, name, source, process, tag, stream, level, text } = line;
  return JSON.stringify({
    time, name, source, process, tag, stream, level, text: colours ? text : plainOf(text),
  });
}

/**
 * @param {Iterable<Line>} lines
 * @param {"text" | "jsonl"} format
 * @param {boolean} colours
 * @param {string} name Of the app: becomes a part of the file's name.
 */
export function download(lines, format, colours, name) {
  const write = format === "text" ? textOf : jsonOf;
  /** @type {string[]} */
  const parts = [];
  /** @type {string[]} */
  let some = [];
  for (const line of lines) {
    some.push(write(line, colours));
    if (some.length === PER_PART) {
      parts.push(`${some.join("\n")}\n`);
      some = [];
    }
  }
  if (some.length) parts.push(`${some.join("\n")}\n`);
  const type = format === "text" ? "text/plain;charset=utf-8" : "application/x-ndjson";
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(name, format);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * @param {string} name
 * @param {"text" | "jsonl"} format
 */
function fileName(name, format) {
  const safe = name.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 80) || "log";
  const now = new Date().toISOString().slice(0, 19).replace(/:/g, "");
  return `${safe}-${now}.${format === "text" ? "log" : "jsonl"}`;
}

/** @param {string} text @returns {Promise<boolean>} Whether it is in the clipboard. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text); // pages over plain HTTP have no clipboard of their own
  }
}

/** @param {string} text */
function copyTheOldWay(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
