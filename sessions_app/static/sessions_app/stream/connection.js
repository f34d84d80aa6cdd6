/**
 * Stays connected: a WebSocket, or events where there is none; comes again after the last line
 * when it breaks, and stops when the server says that the session is over.
 *
 * @typedef {"connecting" | "live" | "waiting" | "resting" | "past" | "over"} State Past: it has read
 *   some of the past, and goes on when it is told to.
 *
 * @typedef {object} Listener
 * @property {(state: State, detail: string, isFull: boolean) => void} changed Detail: a reason, or
 *   seconds to wait; whether that is because too many others read.
 * @property {(message: any) => void} heard hello, lines, gap, skipped, backlog-end.
 * @property {(seconds: number, missed: boolean) => void} resumed After a break of so many seconds.
 */

import { waitSeconds } from "./backoff.js";
import { FULL, openEvents, openSocket } from "./channels.js";

const SILENCE_MS = 45_000; // a ping comes every 15 s
const FULL_SECONDS = 10; // readers come and go
const PAST_LINES = 5000; // read at once of the past
const OVER = ["over", "revoked", "end"];
/** Nobody is looking, and there was no line for a while: the stream rests until the page is seen. */
const IDLE = "idle";
/** Close codes after which coming again is no use: no such session, filters that are none. */
const FINAL_CODES = new Map([[4404, "unknown"], [4422, "filter"]]);

export class Connection {
  #listener;
  /** @type {import("./channels.js").Channel | null} */
  #channel = null;
  #lastId = "";
  #failures = 0;
  #usesEvents = false;
  #everOpened = false;
  #brokeAt = 0;
  #timer = 0;
  #watchdog = 0;
  /** Lines of the past since it was told to go on. */
  #linesRead = 0;
  /** Whether it reads all since a moment, and has not come to what is live. */
  isPast = new URLSearchParams(location.search).has("since");
  /** @type {State} */
  state = "connecting";

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    window.addEventListener("online", () => this.state === "waiting" && this.now());
    document.addEventListener("visibilitychange", () => {
      if (this.state === "resting" && !document.hidden) this.now();
    });
  }

  /** Connects at once, whatever it was doing; goes on after the last line. */
  now() {
    this.#become("connecting", "");
    this.#open();
  }

  /** Another session, of the same lines, is at the page's address now. */
  anew() {
    this.#lastId = "";
    this.isPast = false;
    this.#failures = this.#brokeAt = 0;
    this.now();
  }

  #open() {
    this.#stop();
    const open = this.#usesEvents ? openEvents : openSocket;
    this.#channel = open({ after: this.#lastId }, {
      opened: () => this.#hasOpened(),
      heard: (message) => this.#heard(message),
      ended: (code) => this.#ended(code),
    });
    this.#watch();
  }

  /** Whether lines come as events, because no WebSocket gets through. */
  get usesEvents() {
    return this.#usesEvents;
  }

  #hasOpened() {
    this.#everOpened = true;
    if (!this.#usesEvents) return; // a hello follows
    this.isPast = false; // nor do events say where the past ends
    this.#works();
  }

  #works() {
    this.#failures = 0;
    this.#become("live", this.isPast ? "past" : "");
    if (this.#brokeAt) {
      this.#listener.resumed((Date.now() - this.#brokeAt) / 1000, !this.#lastId);
      this.#brokeAt = 0;
    }
  }

  /** @param {any} message */
  #heard(message) {
    this.#watch();
    if (message.type === "hello") this.#works();
    if (message.type === "bye") {
      this.#bye(String(message.reason));
      return;
    }
    if (message.type === "lines") {
      const known = this.#lastId;
      if (known && message.lines[0]?.id === known) message.lines.shift();
      this.#lastId = message.lines.at(-1)?.id || known;
    } else if (typeof message.id === "string") this.#lastId = message.id; // of a ping, or of a gap
    this.#listener.heard(message);
    this.#mayRest(message);
  }

  /**
   * So many lines of the past are enough at once, and a gap with an id is where the server ends some.
   *
   * @param {any} message
   */
  #mayRest({ type, lines, id }) {
    if (type === "backlog-end" && this.isPast) {
      this.isPast = false;
      this.#become("live", "");
    }
    if (type === "lines" && this.isPast) this.#linesRead += lines.length;
    if (this.#linesRead < PAST_LINES && !(type === "gap" && id)) return;
    this.#linesRead = 0;
    this.isPast = true;
    this.#stop();
    this.#become("past", "");
  }

  /** @param {string} reason */
  #bye(reason) {
    if (reason === IDLE && !document.hidden) this.#open(); // somebody looks at it: it goes on
    else if (reason === IDLE || OVER.includes(reason)) {
      this.#stop();
      this.#become(reason === IDLE ? "resting" : "over", reason);
    } // else the server restarts: its close follows
  }

  /** @param {number} code */
  #ended(code) {
    const final = FINAL_CODES.get(code);
    this.#stop();
    if (final) {
      this.#become("over", final);
      return;
    }
    if (this.state === "live") this.#brokeAt = Date.now();
    const isFull = code === FULL;
    if (!this.#everOpened && !isFull) this.#usesEvents = !this.#usesEvents;
    // Events are tried at once where no WebSocket opens; then, and when what worked broke, it waits.
    const other = !this.#everOpened && this.#usesEvents && !isFull;
    const seconds = other ? 0 : waitSeconds(this.#failures) + (isFull ? FULL_SECONDS : 0);
    this.#failures += 1;
    this.#become("waiting", String(seconds), isFull);
    this.#timer = window.setTimeout(() => this.now(), seconds * 1000);
  }

  #watch() {
    window.clearTimeout(this.#watchdog);
    this.#watchdog = window.setTimeout(() => {
      if (!this.#usesEvents) this.#ended(0); // heartbeats of events cannot be heard
    }, SILENCE_MS);
  }

  #stop() {
    window.clearTimeout(this.#timer);
    window.clearTimeout(this.#watchdog);
    this.#channel?.close();
    this.#channel = null;
  }

  /**
   * @param {State} state
   * @param {string} detail
   */
  #become(state, detail, isFull = false) {
    this.state = state;
    this.#listener.changed(state, detail, isFull);
  }
}
