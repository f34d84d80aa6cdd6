/** The tail page: puts its parts together. */

import { Context } from "./find/context.js";
import { Highlights } from "./find/highlights.js";
import { PatternMarks } from "./find/pattern-marks.js";
import { Sieve } from "./find/sieve.js";
import { Cursor } from "./list/cursor.js";
import { Detail } from "./list/detail.js";
import { Folds } from "./list/folds.js";
import { Follow } from "./list/follow.js";
import { Rows } from "./list/rows.js";
import { Selection } from "./list/selection.js";
import { VirtualList } from "./list/virtual-list.js";
import { Actions } from "./page/actions.js";
import { Again } from "./page/again.js";
import { Copies } from "./page/copies.js";
import { Counts } from "./page/counts.js";
import { Display } from "./page/display.js";
import { byId, plural } from "./page/dom.js";
import { Help } from "./page/help.js";
import { listen } from "./page/keys.js";
import { Lead } from "./page/lead.js";
import { keepFocus } from "./page/menus.js";
import { Past } from "./page/past.js";
import { Status } from "./page/status.js";
import { Toolbar } from "./page/toolbar.js";
import { Undo } from "./page/undo.js";
import { Connection } from "./stream/connection.js";
import { Messages } from "./stream/messages.js";
import { Older } from "./stream/older.js";
import { LineStore } from "./stream/store.js";

const LEAD = 30; // pixels of the row that says where the list begins

// The parts, each with those that it needs.

const store = new LineStore();
const sieve = new Sieve(store);
const display = new Display();
const toolbar = new Toolbar();
const status = new Status();
const detail = new Detail();
const folds = new Folds(store, display);
const marks = new PatternMarks();
const selection = new Selection(store, sieve, folds);
const context = new Context(sieve, toolbar, selection);
const rows = new Rows({
  store, sieve, display, toolbar, selection, detail, context, folds, marks,
});
const list = new VirtualList(
  { scroller: byId("log"), canvas: byId("canvas"), block: byId("rows"), lead: LEAD },
  rows,
);
const follow = new Follow(list, store, sieve);
const cursor = new Cursor({ list, rows, follow, selection, detail, context });
const highlights = new Highlights(store, sieve, rows, status);
const older = new Older(store);
const messages = new Messages(store, sieve, status, older);
const connection = new Connection(messages);
const lead = new Lead({ store, older, messages });
const counts = new Counts({
  store, sieve, toolbar, context, follow, status, connection, messages, lead,
});
const past = new Past({ store, display, messages });
const copies = new Copies({ store, sieve, selection, folds, messages, status });
const undo = new Undo(store);
const actions = new Actions({ list, follow, selection, detail, context, toolbar, undo });
const again = new Again(status);
const help = new Help();

// What one part tells the others.

sieve.isFolded = (line) => folds.hides(line);
sieve.onMore = () => {
  cursor.show(); // heads of traces have more behind them
  list.ask();
};
sieve.onOther = () => {
  list.redraw();
  const isFurtherBack = older.shown(); // what is looked at stays where it is
  if (context.seq !== null && !isFurtherBack) list.show(context.seq);
  undo.shown();
  counts.ask();
};
sieve.onProblem = (problem) => toolbar.showProblem(problem);
toolbar.onFilter = () => {
  context.leave(false);
  context.applyFilter();
};
toolbar.onHighlight = display.onChange = () => list.redraw();
display.onFold = () => {
  folds.reset();
  context.applyFilter();
};
rows.onLine = (seq) => list.renew(seq);
rows.onFold = (head) => {
  follow.pause();
  folds.toggle(head);
  context.applyFilter();
};
folds.rests = () => Boolean(toolbar.filters.query) || context.seq !== null;
marks.onKnown = () => list.eachRow((row, seq) => row.dataset.waits === "" && list.renew(seq));
cursor.onField = (field) => toolbar.narrow(field);
context.onShow = () => follow.pause();
selection.onChange = detail.onClose = () => cursor.show();
detail.traceOf = (line) => folds.traceOf(line);
detail.onContext = (line) => context.show(line.seq);
detail.onCopy = (text, what) => copies.copy(text, what);
list.onDrawn = () => counts.ask();
status.onRetry = () => connection.now();
status.onOver = (reason) => void again.offer(reason);
again.onCopy = (text, what) => copies.copy(text, what);
again.onOpened = () => {
  messages.anew(!connection.usesEvents);
  connection.anew();
};
undo.onChange = older.onLines = () => context.applyFilter();
older.onChange = () => lead.show();
older.onLoaded = (count) => {
  status.say(count ? `${plural(count, "older line")} loaded` : "No line so far: there is more to look through");
};
lead.onLoad = () => {
  follow.pause();
  void older.load();
};
follow.isPast = () =>
  connection.isPast && messages.session.tail && connection.state !== "over";
follow.onLeavePast = () => past.leave();
messages.onState = (state) => past.show(state);
past.onMore = () => {
  follow.pause();
  connection.now();
};

// Keys.

/** @param {number} step */
function jump(step) {
  const seq = highlights.from(selection.focus, step);
  if (seq !== null) cursor.goTo(seq);
}

listen({
  " ": () => follow.toggle(),
  End: () => follow.toNewest(),
  G: () => follow.toNewest(),
  Home: () => follow.toTop(),
  PageUp: () => follow.scroll(-1),
  PageDown: () => follow.scroll(1),
  ArrowUp: () => follow.scroll(-0.1),
  ArrowDown: () => follow.scroll(0.1),
  "/": () => toolbar.focusQuery(),
  h: () => toolbar.focusHighlight(),
  n: () => jump(1),
  N: () => jump(-1),
  j: () => cursor.move(1),
  k: () => cursor.move(-1),
  J: () => cursor.move(1, true),
  K: () => cursor.move(-1, true),
  Enter: () => cursor.open(),
  y: () => copies.copyChosen(),
  w: () => status.say(display.toggle("wrap")),
  a: () => status.say(display.toggle("ansi")),
  f: () => status.say(display.toggle("fold")),
  t: () => status.say(display.nextTime()),
  o: () => lead.onLoad(),
  g: () => past.open(),
  c: () => actions.clear(),
  u: () => undo.undo(),
  "+": () => display.resize(1),
  "-": () => display.resize(-1),
  "?": () => help.toggle(),
  Escape: () => actions.stepBack(),
}, () => toolbar.focusQuery());
keepFocus();

// It begins.

setInterval(() => {
  status.tick();
  counts.ask();
}, 1000);
context.applyFilter();
if (connection.isPast) follow.pause(); // its beginning is what somebody came for
connection.now();
