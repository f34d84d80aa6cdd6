/** The tail page: puts its parts together. */

import { Connection } from "./stream/connection.js";
import { Detail } from "./list/detail.js";
import { Display } from "./page/display.js";
import { byId, counted, plural } from "./page/dom.js";
import { copy, download } from "./page/export.js";
import { Follow } from "./list/follow.js";
import { listen } from "./page/keys.js";
import { closeMenus, keepFocusOnLines } from "./page/menus.js";
import { rangesOf } from "./list/spans.js";
import { rowOf } from "./list/row.js";
import { Selection } from "./list/selection.js";
import { Sieve } from "./find/sieve.js";
import { Status } from "./page/status.js";
import { LineStore, MOST_LINES } from "./stream/store.js";
import { Toolbar } from "./page/toolbar.js";
import { VirtualList } from "./list/virtual-list.js";

/**
 * @typedef {import("./types.js").Line} Line
 * @typedef {import("./types.js").Look} Look
 */

const LEAD = 30; // pixels of the row that says where the list begins
const FACTS_MS = 250; // counts change no faster
const CHARACTER = 0.602; // its width, in font sizes: only a guess, rows are measured

const store = new LineStore();
const sieve = new Sieve(store);
const display = new Display();
const toolbar = new Toolbar();
const status = new Status();
const detail = new Detail();
const selection = new Selection(store, sieve);
let name = byId("name").textContent;
let backlogEnded = false;
/** The line shown in context: the filters rest meanwhile. @type {number | null} */
let context = null;

const list = new VirtualList(
  { scroller: byId("log"), canvas: byId("canvas"), block: byId("rows"), lead: LEAD },
  {
    seqs: () => {
      sieve.shown.dropBefore(store.first);
      return sieve.shown;
    },
    row: (seq) => dressed(rowOf(/** @type {Line} */ (store.get(seq)), look()), seq),
    guess: guessedHeight,
    isExact: () => !display.settings.wrap && !isNarrow.matches,
  },
);
const follow = new Follow(list, store, sieve);
const isNarrow = window.matchMedia("(max-width: 700px)");

/** @returns {Look} */
function look() {
  const { query, regex, invert, matchCase, highlights } = toolbar.filters;
  const marked = regex || invert || context !== null ? "" : query;
  return { ...display.settings, highlights, marked, matchCase };
}

/** @param {number} seq */
function guessedHeight(seq) {
  const { settings, rowHeight } = display;
  const meta = isNarrow.matches ? rowHeight : 0;
  const entry = store.get(seq);
  if (!settings.wrap || entry?.kind !== "line") return rowHeight + meta;
  const columns = Math.max(10, (byId("log").clientWidth - (meta ? 24 : 290)) / (settings.size * CHARACTER));
  return meta + rowHeight * Math.max(1, Math.ceil(Math.min(entry.plain.length, 5000) / columns));
}

/**
 * @param {HTMLElement} row
 * @param {number} seq
 */
function dressed(row, seq) {
  row.classList.toggle("chosen", selection.has(seq));
  row.classList.toggle("open", detail.line?.seq === seq);
  row.classList.toggle("context", context === seq);
  return row;
}

const dress = () => list.eachRow(dressed);

// Lines come in.

const connection = new Connection({
  changed: (state, reason) => {
    status.connection(state, reason);
    if (state === "over") note("The stream ended here", "info");
  },
  resumed: (seconds, missed) => {
    const after = `Reconnected after ${plural(Math.max(1, Math.round(seconds)), "second")}`;
    note(missed ? `${after}: lines may be missing here` : after, missed ? "loss" : "info");
  },
  heard,
});

/** @param {any} message */
function heard(message) {
  if (message.type === "hello") greeted(message);
  else if (message.type === "lines") message.lines.forEach(store.addLine, store);
  else if (message.type === "skipped") note(skippedText(message), "loss");
  else if (message.type === "gap") note(`Lines may be missing here: ${message.reason}`, "loss");
  else if (message.type === "backlog-end" && !backlogEnded) {
    backlogEnded = true;
    if (store.size) note("Live from here", "info");
  }
  sieve.pull();
}

/** @param {any} message */
function skippedText({ count, reason }) {
  const lost = Number(count ?? /(\d+) messages/.exec(reason)?.[1] ?? 0);
  return `${plural(lost, "line")} skipped: this page read too slowly (Error L11)`;
}

/** @param {any} hello */
function greeted(hello) {
  name = String(hello.name);
  byId("name").textContent = name;
  document.title = `${name} · tail`;
  status.endsAt(Number(hello.ends_at) || 0);
  const only = Object.entries(hello.filters ?? {}).filter(([, value]) => value.length);
  byId("only").textContent = only.map(([key, value]) => `${key}: ${[value].flat().join(", ")}`).join(" · ");
  byId("only").hidden = !only.length;
}

/**
 * @param {string} text
 * @param {"loss" | "info"} weight
 */
function note(text, weight) {
  store.addNote(text, weight);
  sieve.pull();
}

// What is shown changes.

function applyFilter() {
  sieve.use(context === null && toolbar.isFiltering ? toolbar.filters : null);
}

sieve.onMore = () => list.ask();
sieve.onOther = () => {
  list.redraw();
  if (context !== null) list.show(context);
  showFacts();
};
sieve.onProblem = (problem) => toolbar.showProblem(problem);
toolbar.onFilter = () => {
  leaveContext(false);
  applyFilter();
};
toolbar.onHighlight = display.onChange = () => list.redraw();
selection.onChange = dress;
detail.onClose = dress;
detail.onContext = (line) => showContext(line.seq);
detail.onCopy = copied;

/** @param {number} seq */
function showContext(seq) {
  context = seq;
  follow.pause();
  byId("context").hidden = false;
  applyFilter();
}

/** @param {boolean} [back] To the filter as it was. */
function leaveContext(back = true) {
  if (context === null) return;
  const seq = context;
  context = null;
  byId("context").hidden = true;
  if (!back) return;
  applyFilter();
  selection.choose(seq);
}

function emptyText() {
  return connection.state === "over" ? "There were no lines." : "Waiting for lines…";
}

function leadText() {
  if (store.fellOut) {
    return `${plural(store.fellOut, "older line")} fell out: this page holds ${counted(MOST_LINES)}`;
  }
  return store.cleared ? "Cleared: older lines are gone" : "The beginning";
}

let factsAsked = false;
function showFacts() {
  if (factsAsked) return;
  factsAsked = true;
  setTimeout(() => {
    factsAsked = false;
    const rows = sieve.shown.length;
    status.counts(store, rows, toolbar.isFiltering && context === null);
    toolbar.showCounts(store.levels);
    follow.update();
    byId("lead").textContent = leadText();
    byId("lead").hidden = !store.size;
    const hides = store.size > store.notes.length; // lines, all of them
    byId("empty").hidden = rows > store.notes.length;
    byId("empty-text").textContent = hides ? "No line passes the filter." : emptyText();
    byId("empty-act").hidden = !hides;
  }, FACTS_MS);
}
list.onDrawn = showFacts;

// What people do.

/** @param {number} step */
function moveCursor(step) {
  follow.pause();
  list.reveal(selection.move(step));
  openChosen(false);
}

/** @param {boolean} [open] Also when the pane is closed. */
function openChosen(open = true) {
  const [line] = selection.lines();
  if (line && (open || detail.line)) detail.open(line);
  dress();
}

/** @param {number} step To the next line with a highlight, or the one before. */
function jump(step) {
  if (!toolbar.filters.highlights.length) {
    status.say("Nothing is highlighted: add a highlight first (h)");
    return;
  }
  const { shown } = sieve;
  const wanted = { ...look(), marked: "" };
  const from = selection.focus < 0 ? shown.end : shown.placeOf(selection.focus);
  for (let place = from + step; place >= shown.start && place < shown.end; place += step) {
    const entry = store.get(shown.at(place));
    if (entry?.kind !== "line" || !rangesOf(entry.plain, wanted).length) continue;
    follow.pause();
    selection.choose(entry.seq);
    list.reveal(entry.seq);
    return;
  }
  status.say(step > 0 ? "No highlight further down" : "No highlight further up");
}

/**
 * @param {string} text
 * @param {string} what
 */
async function copied(text, what) {
  status.say((await copy(text)) ? `Copied ${what}` : "The browser did not let it be copied");
}

function copyChosen() {
  const count = selection.lines().length;
  if (count) void copied(selection.text(), plural(count, "line"));
  else status.say("Click a line first, or a first and with Shift a last one");
}

function clear() {
  store.clear();
  selection.clear();
  detail.close();
  leaveContext();
  sieve.pull();
  list.redraw();
  follow.resume();
  status.say("Cleared; new lines go on");
}

/** @param {boolean} all Not only what the filter lets pass. */
function* linesOf(all) {
  const { shown } = sieve;
  const count = all ? store.size : shown.length;
  for (let index = 0; index < count; index += 1) {
    const entry = store.get(all ? store.first + index : shown.at(shown.start + index));
    if (entry?.kind === "line") yield entry;
  }
}

byId("rows").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const row = /** @type {HTMLElement | null} */ (target.closest(".row:not(.note)"));
  if (!row || (!event.shiftKey && !document.getSelection()?.isCollapsed)) return;
  const seq = Number(row.dataset.seq);
  if (target.closest(".time")) {
    showContext(seq);
    return;
  }
  if (event.shiftKey) document.getSelection()?.removeAllRanges();
  follow.pause();
  selection.choose(seq, event.shiftKey);
  if (!selection.isRange) openChosen();
});
byId("rows").addEventListener("mousedown", (/** @type {MouseEvent} */ event) => {
  if (event.shiftKey) event.preventDefault(); // a range of lines, not of text
});
byId("context-back").addEventListener("click", () => leaveContext());
byId("selected-copy").addEventListener("click", copyChosen);
byId("selected-clear").addEventListener("click", () => selection.clear());
byId("clear").addEventListener("click", clear);
byId("empty-act").addEventListener("click", () => toolbar.clear());
byId("help-button").addEventListener("click", () => byId("help").showModal());
byId("help-close").addEventListener("click", () => byId("help").close());
byId("retry").addEventListener("click", () => connection.now());
byId("over-action").addEventListener("click", () => {
  if (byId("over-action").textContent === "Continue") connection.now();
  else location.reload();
});
byId("share").addEventListener("click", () => copied(location.href, "the link with its filters"));
byId("download-menu").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const { what, format } = /** @type {HTMLElement} */ (event.target).dataset;
  if (!what) return;
  const kind = format === "text" ? "text" : "jsonl";
  download(linesOf(what === "all"), kind, byId("keep-colours").checked, name);
  closeMenus();
});

function escape() {
  if (closeMenus()) return;
  if (document.activeElement?.matches("input")) byId("log").focus();
  else if (context !== null) leaveContext();
  else if (selection.isRange) selection.clear();
  else if (detail.line) detail.close();
  else if (selection.anchor >= 0) selection.clear();
  else toolbar.clearQuery();
}

function toTop() {
  follow.pause();
  byId("log").scrollTop = 0;
}

/** @param {"wrap" | "ansi"} setting */
function toggle(setting) {
  display.set({ [setting]: !display.settings[setting] });
  const what = setting === "wrap" ? "Wrapping" : "Colours of the app";
  status.say(`${what} ${display.settings[setting] ? "on" : "off"}`);
}

const step = (/** @type {number} */ direction) => () => moveCursor(direction);
/** Keys that scroll by themselves only pause. */
const scrolls = (/** @type {number} */ pages) => () => {
  if (pages < 0) follow.pause();
  const log = byId("log");
  log.scrollTop += pages * (log.clientHeight - 40);
};
listen({
  " ": () => follow.toggle(),
  End: () => follow.resume(),
  G: () => follow.resume(),
  Home: toTop,
  PageUp: scrolls(-1),
  PageDown: scrolls(1),
  ArrowUp: scrolls(-0.1),
  ArrowDown: scrolls(0.1),
  "/": () => toolbar.focusQuery(),
  h: () => toolbar.focusHighlight(),
  n: () => jump(1),
  N: () => jump(-1),
  j: step(1),
  k: step(-1),
  Enter: () => openChosen(),
  y: copyChosen,
  w: () => toggle("wrap"),
  a: () => toggle("ansi"),
  t: () => status.say(display.nextTime()),
  c: clear,
  "+": () => display.resize(1),
  "-": () => display.resize(-1),
  "?": () => (byId("help").open ? byId("help").close() : byId("help").showModal()),
  Escape: escape,
});
keepFocusOnLines();
setInterval(() => {
  status.tick();
  showFacts();
}, 1000);
applyFilter();
connection.now();
