/** The pane with all that is known of one line. */

import { logfmtIn } from "../find/fields.js";
import { button, byId, element, plural } from "../page/dom.js";
import { appendShown } from "./controls.js";
import { jsonIn, printedJson } from "./json.js";
import { anchorOf, linksIn } from "./links.js";
import { localLong } from "./times.js";

/** @typedef {import("../types.js").Line} Line */

const MOST_TEXT = 100_000; // characters

export class Detail {
  #pane = byId("detail");
  #body = byId("detail-body");
  /** @type {Line | null} */
  line = null;
  /** @type {(line: Line) => void} */
  onContext = () => {};
  /** @type {(text: string, what: string) => void} */
  onCopy = () => {};
  onClose = () => {};
  /** The whole trace that a line belongs to, or the line. @type {(line: Line) => Line[]} */
  traceOf = (line) => [line];

  constructor() {
    byId("detail-close").addEventListener("click", () => this.close());
  }

  /** @param {Line} line */
  open(line) {
    this.line = line;
    const json = jsonIn(line.plain);
    const actions = element(
      "div",
      "actions",
      button("plain", "Show in context", () => this.onContext(line)),
      button("plain", "Copy text", () => this.onCopy(line.plain, "the text")),
    );
    if (json) {
      const copy = () => this.onCopy(JSON.stringify(json, null, 2), "the JSON");
      actions.append(button("plain", "Copy JSON", copy));
    }
    const trace = this.traceOf(line);
    const text = trace.map(({ plain }) => plain).join("\n");
    if (trace.length > 1) {
      actions.append(button("plain", "Copy trace", () => this.onCopy(text, "the trace")));
    }
    this.#body.replaceChildren(actions, facts(line), element("h3", "", json ? "JSON" : "Text"));
    this.#body.append(json ? printedJson(json) : wholeText(line.plain));
    if (json) this.#body.append(element("h3", "", "Text"), wholeText(line.plain));
    else this.#body.append(...logfmt(line.plain));
    if (trace.length > 1) {
      this.#body.append(element("h3", "", `Trace: ${plural(trace.length, "line")}`), wholeText(text));
    }
    this.#pane.hidden = false;
    this.#body.scrollTop = 0;
  }

  close() {
    if (!this.line) return;
    this.line = null;
    this.#pane.hidden = true;
    this.onClose();
  }
}

/** @param {Line} line */
function facts(line) {
  const list = element("dl", "");
  const rows = [
    ["Time", localLong(line.ms)],
    ["UTC", line.time],
    ["App", line.name],
    ["Source", line.source],
    ["Process", line.process],
    ["Tag", line.tag],
    ["Stream", line.stream],
    ["Level", line.level],
  ];
  for (const [name, value] of rows) {
    if (!value) continue;
    const shown = element("dd", "");
    const isTag = name === "Tag";
    const target = isTag ? button("link", "", () => {}) : shown;
    appendShown(target, value.slice(0, 1000));
    if (isTag) {
      target.dataset.field = "tag";
      target.dataset.value = value;
      target.title = "Show only these lines";
      shown.append(target);
    }
    list.append(element("dt", "", name), shown);
  }
  return list;
}

/** @param {string} plain @returns {HTMLElement[]} Its `key=value`, as buttons that filter by them. */
function logfmt(plain) {
  const pairs = logfmtIn(plain);
  if (!pairs.length) return [];
  const box = element("pre", "json");
  for (const [index, [name, value]] of pairs.entries()) {
    const [key, shown] = [field("key", name), field("string", value)];
    key.dataset.field = shown.dataset.field = name;
    shown.dataset.value = value;
    box.append(index ? "\n" : "", key, "=", shown);
  }
  return [element("h3", "", "Fields"), box];
}

/**
 * @param {string} className
 * @param {string} text
 */
function field(className, text) {
  const made = button(className, "", () => {});
  made.title = "Show only lines with this";
  appendShown(made, text);
  return made;
}

/** @param {string} text Its newlines are those between lines: in a line they are shown as marks. */
function wholeText(text) {
  const box = element("pre", "whole");
  const shown = text.slice(0, MOST_TEXT);
  let at = 0;
  for (const link of linksIn(shown)) {
    appendLines(box, shown.slice(at, link.start));
    const anchor = anchorOf(link.href);
    anchor.tabIndex = 0;
    anchor.append(shown.slice(link.start, link.end));
    box.append(anchor);
    at = link.end;
  }
  appendLines(box, shown.slice(at));
  if (text.length > MOST_TEXT) box.append(" … the rest is in a copy or a download.");
  return box;
}

/**
 * @param {HTMLElement} box
 * @param {string} text
 */
function appendLines(box, text) {
  for (const [index, line] of text.split("\n").entries()) {
    if (index) box.append("\n");
    appendShown(box, line);
  }
}
