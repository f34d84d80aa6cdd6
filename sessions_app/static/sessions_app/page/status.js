/** What the page says about itself: the connection, the time left, the counts, a short word. */

import { byId, counted, plural } from "./dom.js";
import { remaining } from "../list/times.js";

/**
 * @typedef {import("../stream/connection.js").Connection} Connection
 * @typedef {import("../stream/store.js").LineStore} LineStore
 */

const TOAST_MS = 2500;
const RATE_SECONDS = 5;

const STAY = "These lines stay until you leave this page.";
/** Why a session is over: what to say, and whether it helps to ask again. @type {Record<string, [string, boolean]>} */
const OVER = {
  over: [`Session over: its time is up. ${STAY}`, false],
  revoked: [`Session over: it was revoked. ${STAY}`, false],
  unknown: [`There is no such session any more. ${STAY}`, false],
  end: ["That is all: this session shows the past and does not follow new lines.", true],
  filter: ["The filters in this page's address are not understood.", true],
};

export class Status {
  #toast = byId("toast");
  #toastTimer = 0;
  #retryAt = 0;
  #endsAt = 0;
  /** @type {[number, number][]} */
  #samples = [];
  #state = "connecting";
  #isPast = false;
  #isFull = false;

  /** Somebody wants to connect now. */
  onRetry = () => {};
  /** The session is over, for this reason; or, without one, it is not. @type {(reason: string) => void} */
  onOver = () => {};

  constructor() {
    byId("retry").addEventListener("click", () => this.onRetry());
    byId("over-action").addEventListener("click", () => location.reload());
  }

  /** @param {string} text Shown shortly, and said to screen readers. */
  say(text) {
    this.#toast.textContent = text;
    this.#toast.dataset.on = "true";
    window.clearTimeout(this.#toastTimer);
    this.#toastTimer = window.setTimeout(() => delete this.#toast.dataset.on, TOAST_MS);
  }

  /**
   * @param {string} state
   * @param {string} detail
   * @param {boolean} isFull Too many others read: not yet.
   */
  connection(state, detail, isFull) {
    this.#state = state;
    this.#isPast = detail === "past";
    this.#isFull = isFull;
    document.documentElement.dataset.state = state;
    this.#retryAt = state === "waiting" ? Date.now() + Number(detail) * 1000 : 0;
    byId("retry").hidden = state !== "waiting";
    const isOver = state === "over";
    byId("over").hidden = !isOver;
    byId("pause").disabled = isOver; // nothing comes that it could hold
    if (isOver) {
      const [text, isWorthAReload] = OVER[detail] ?? OVER.over;
      byId("over-text").textContent = text;
      byId("over-action").hidden = !isWorthAReload;
    }
    this.onOver(isOver ? detail : "");
    this.tick();
  }

  /** @param {number} epochSeconds */
  endsAt(epochSeconds) {
    this.#endsAt = epochSeconds;
    this.tick();
  }

  /** Once a second: what only time changes. */
  tick() {
    const wait = Math.max(0, Math.ceil((this.#retryAt - Date.now()) / 1000));
    const again = this.#isFull ? "Too many read this session: trying again" : "Reconnecting";
    byId("state").textContent = {
      connecting: "Connecting…", over: "Over", resting: "Resting", past: "The past",
      live: this.#isPast ? "Reading the past" : "Live",
      waiting: wait ? `${again} in ${wait} s` : `${again}…`,
    }[this.#state];
    const left = this.#endsAt - Date.now() / 1000;
    const shown = this.#endsAt && this.#state !== "over" ? `${remaining(left)} left` : "";
    byId("time-left").textContent = shown;
  }

  /**
   * @param {LineStore} store
   * @param {number} shown Rows, with those that are no lines.
   * @param {boolean} filtering
   */
  counts(store, shown, filtering) {
    const held = store.size - store.notes.length;
    const parts = [plural(held, "line")];
    if (filtering) parts.push(`${counted(Math.max(0, shown - store.notes.length))} shown`);
    if (store.fellOut) parts.push(`${counted(store.fellOut)} fell out`);
    byId("counts").textContent = parts.join(" · ");
    byId("rate").textContent = `${plural(this.#rate(store.received), "line")}/s`;
  }

  /** @param {number} received */
  #rate(received) {
    const now = performance.now() / 1000;
    this.#samples.push([now, received]);
    while (now - this.#samples[0][0] > RATE_SECONDS) this.#samples.shift();
    const [since, before] = this.#samples[0];
    return now > since ? Math.round((received - before) / Math.max(1, now - since)) : 0;
  }
}
