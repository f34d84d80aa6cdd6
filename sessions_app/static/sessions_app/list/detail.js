/** The pane with all that is known of one line. */

import { button, byId, element } from "../page/dom.js";
import { appendShown } from "./controls.js";
import { jsonIn, printedJson } from "./json.js";
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
    this.#body.replaceChildren(actions, facts(line), element("h3", "", json ? "JSON" : "Text"));
    this.#body.append(json ? printedJson(json) : wholeText(line.plain));
    if (json) this.#body.append(element("h3", "", "Text"), wholeText(line.plain));
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
    appendShown(shown, value.slice(0, 1000));
    list.append(element("dt", "", name), shown);
  }
  return list;
}

/** @param {string} text */
function wholeText(text) {
  const box = element("pre", "whole");
  appendShown(box, text.slice(0, MOST_TEXT));
  if (text.length > MOST_TEXT) box.append(" … the rest is in a copy or a download.");
  return box;
}
