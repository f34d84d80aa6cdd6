/** The past by its time: a dialog to go there or to download it, and a bar where reading rests. */

import { boxed, clock, localLong, unboxed } from "../list/times.js";
import { streamUrl } from "../stream/channels.js";
import { byId } from "./dom.js";
import { closeMenus } from "./menus.js";

/**
 * @typedef {import("./display.js").Display} Display
 * @typedef {import("../stream/connection.js").State} State
 * @typedef {import("../stream/messages.js").Messages} Messages
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

const FIRST_AGO = 900; // seconds
/** What of the address is about another part of the past. */
const PARTS = ["since", "until", "lines", "tail"];

export class Past {
  #store;
  #display;
  #messages;
  #dialog = byId("past-dialog");
  /** @type {HTMLInputElement} */
  #box = byId("past-time");
  #problem = byId("past-problem");
  #bar = byId("past");
  /** More of it is to be read. */
  onMore = () => {};

  /** @param {{store: LineStore, display: Display, messages: Messages}} parts */
  constructor({ store, display, messages }) {
    this.#store = store;
    this.#display = display;
    this.#messages = messages;
    for (const id of ["lead-time", "display-time", "download-time"]) {
      byId(id).addEventListener("click", () => this.open());
    }
    byId("past-close").addEventListener("click", () => this.#dialog.close());
    byId("past-more").addEventListener("click", () => this.onMore());
    byId("past-live").addEventListener("click", () => this.leave());
    byId("past-ago").addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const { ago } = /** @type {HTMLElement} */ (event.target).dataset;
      if (ago) this.#set(Number(ago));
    });
    byId("past-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      if (this.#isGood()) this.#goTo(this.#moment);
    });
    for (const link of document.querySelectorAll("a[data-download]")) {
      link.addEventListener("click", (event) => this.#link(/** @type {any} */ (link), event));
    }
  }

  open() {
    closeMenus();
    byId("past-zone").textContent = this.#utc ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.#set(FIRST_AGO);
    this.#dialog.showModal();
    this.#box.focus();
  }

  /** To the last lines, and live. */
  leave() {
    const url = streamUrl({});
    const isOurs = url.searchParams.has("since");
    for (const part of PARTS) url.searchParams.delete(part);
    if (!isOurs) url.searchParams.set("lines", "100"); // the session itself begins in the past
    this.#show(url);
  }

  /** @param {State} state */
  show(state) {
    this.#bar.hidden = state !== "past";
    if (state !== "past") return;
    const ms = this.#lastMs();
    const { time, hour12 } = this.#display.settings;
    const at = clock(ms, { time: time === "utc" ? "utc" : "local", hour12 });
    byId("past-text").textContent = Number.isNaN(ms) ? "No line so far." : `The past, up to ${at}.`;
    byId("past-live").hidden = !this.#messages.session.tail;
  }

  get #utc() {
    return this.#display.settings.time === "utc";
  }

  /** Epoch milliseconds; NaN when there is none in the box. */
  get #moment() {
    return unboxed(this.#box.value, this.#utc);
  }

  /** @param {number} ago Seconds. */
  #set(ago) {
    this.#box.value = boxed(Date.now() - ago * 1000, this.#utc);
    this.#problem.textContent = "";
  }

  /** Whether it is a moment that can be shown; else it is said why not. */
  #isGood() {
    const { since } = this.#messages.session;
    let problem = "";
    if (Number.isNaN(this.#moment)) problem = "Which day and time?";
    else if (this.#moment > Date.now()) problem = "That lies in the future.";
    else if (since !== null && this.#isSessions && this.#moment < since * 1000) {
      problem = `This session shows nothing before ${localLong(since * 1000)}.`;
    }
    this.#problem.textContent = problem;
    return !problem;
  }

  /** Whether the session itself begins at a moment, and not this page alone. */
  get #isSessions() {
    return !streamUrl({}).searchParams.has("since");
  }

  /** @param {number} ms */
  #goTo(ms) {
    const url = streamUrl({});
    for (const part of PARTS) url.searchParams.delete(part);
    url.searchParams.set("since", said(ms));
    this.#show(url);
  }

  /** @param {URL} url With the filters that are behind `#` now. */
  #show(url) {
    url.hash = location.hash;
    if (url.href === location.href) location.reload();
    else location.assign(url);
  }

  /**
   * @param {HTMLAnchorElement} link `data-since`: how long ago; without one the box says it.
   * @param {Event} event
   */
  #link(link, event) {
    const { download, since } = link.dataset;
    if (!since && !this.#isGood()) {
      event.preventDefault();
      return;
    }
    const url = streamUrl({});
    for (const part of PARTS) url.searchParams.delete(part);
    url.searchParams.set("download", download ?? "");
    url.searchParams.set("since", since ?? said(this.#moment));
    link.href = url.href;
    closeMenus();
  }

  #lastMs() {
    const { first, next } = this.#store;
    for (let seq = next - 1; seq >= first; seq -= 1) {
      const entry = this.#store.get(seq);
      if (entry?.kind === "line") return entry.ms;
    }
    return Number.NaN;
  }
}

/** @param {number} ms @returns {string} To the second. */
function said(ms) {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
