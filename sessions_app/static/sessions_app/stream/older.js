/** What Kafka has of before the oldest line held: loaded when it is asked for, some at a time. */

import { FULL, openSocket } from "./channels.js";
import { GAP } from "./messages.js";

/**
 * @typedef {import("./store.js").LineStore} LineStore
 * @typedef {import("../types.js").WireLine} WireLine
 *
 * @typedef {"none" | "more" | "loading" | "failed" | "all" | "lost"} OlderState None: it is not known
 *   what is older. All: nothing is. Lost: it does not fit to what is here.
 *
 * @typedef {object} Answer
 * @property {WireLine[]} lines The last ones before a place.
 * @property {string} place Behind what is older than those; empty: nothing is.
 */

export const LINES = 1000;
const ROUNDS = 5; // one reads only so much of Kafka, and may find few lines
const SILENCE_MS = 45_000; // a ping comes every 15 s
const GONE = "this session is over";
const ENDED = "the connection broke off";
/** By close code, and by the reason of a bye. @type {Map<number | string, string>} */
const WHYS = new Map();
WHYS.set(4404, GONE).set("over", GONE).set("revoked", GONE);
WHYS.set(4422, "its place is not known any more").set(FULL, "too many read this session");
WHYS.set("shutdown", "the server starts anew");

export class Older {
  #store;
  /** Behind what is older than what is here. */
  #place = "";
  #isKnown = false;
  /** Lines are here, and are not looked through yet. */
  #isDue = false;
  /** @type {OlderState} */
  state = "none";
  /** Why it failed. */
  why = "";
  /** The state is another. */
  onChange = () => {};
  /** Older lines are held. */
  onLines = () => {};
  /** So many have been loaded. @type {(count: number) => void} */
  onLoaded = () => {};

  /** @param {LineStore} store */
  constructor(store) {
    this.#store = store;
  }

  /** @param {string} place Where the session's last lines begin; empty: nothing is older. */
  begin(place) {
    if (this.#isKnown) return; // a page that comes again is told a newer one
    this.#isKnown = true;
    this.#place = place;
    this.#become(place ? "more" : "all");
  }

  /** Another session is at the page's address: places of this one are none of its. */
  forget() {
    this.#isKnown = true;
    this.#become("lost");
  }

  /** Whether some can be had. */
  get canLoad() {
    return (this.state === "more" || this.state === "failed") && this.canTake;
  }

  /** Whether they would stand right before what is here. */
  get canTake() {
    return this.#store.isWhole && this.#store.room > 0;
  }

  /** Some more of them, unless there are none. */
  async load() {
    if (!this.canLoad) return;
    this.#become("loading");
    try {
      const count = await this.#rounds();
      if (this.state === "loading") this.#become("more");
      if (count || this.canTake) this.onLoaded(count);
    } catch (error) {
      this.why = error instanceof Error ? error.message : String(error);
      if (this.state === "loading") this.#become("failed");
    }
  }

  /** @returns {Promise<number>} How many lines came. */
  async #rounds() {
    let wanted = LINES;
    for (let round = 0; round < ROUNDS && this.#place && wanted > 0 && this.canTake; round += 1) {
      const answer = await ask(this.#place, Math.min(wanted, this.#store.room));
      if (this.state !== "loading" || !this.#store.isWhole) break; // cleared meanwhile
      wanted -= answer.lines.length;
      this.#take(answer);
    }
    return LINES - wanted;
  }

  /** @returns {boolean} Whether what is shown now has older lines in front. */
  shown() {
    const wasDue = this.#isDue;
    this.#isDue = false;
    return wasDue;
  }

  /** @param {Answer} answer */
  #take({ lines, place }) {
    this.#place = place;
    if (lines.length) {
      const top = this.#store.get(this.#store.first);
      if (top?.kind === "note" && top.text.startsWith(GAP)) {
        Object.assign(top, { weight: "info", text: "Loaded later: the lines above" });
      }
      this.#store.addBefore(lines);
      this.#isDue = true;
      this.onLines();
    }
    if (!place) this.#become("all");
  }

  /** @param {OlderState} state */
  #become(state) {
    this.state = state;
    this.onChange();
  }
}

/**
 * @param {string} place
 * @param {number} count
 * @returns {Promise<Answer>} Rejects with the reason when it cannot be had.
 */
function ask(place, count) {
  return new Promise((resolve, reject) => {
    /** @type {Answer} */
    const answer = { lines: [], place: "" };
    let problem = "";
    let watchdog = 0;
    /** @param {string} [why] */
    const end = (why) => {
      window.clearTimeout(watchdog);
      channel.close();
      if (why) reject(new Error(why));
      else resolve(answer);
    };
    const watch = () => {
      window.clearTimeout(watchdog);
      watchdog = window.setTimeout(() => end("the server does not answer"), SILENCE_MS);
    };
    const channel = openSocket({ before: place, lines: String(count) }, {
      opened: watch,
      ended: (code) => end(WHYS.get(code) ?? ENDED),
      heard: (message) => {
        watch();
        if (message.type === "lines") answer.lines.push(...message.lines);
        else if (message.type === "older") answer.place = message.place;
        else if (message.type === "gap") problem = message.reason;
        else if (message.type === "bye") end(whyNot(message.reason, answer, problem));
      },
    });
    watch();
  });
}

/**
 * @param {string} reason Of a bye.
 * @param {Answer} answer
 * @param {string} problem What was said of lines that may be missing; where a place follows they are
 *   behind it.
 */
function whyNot(reason, { lines, place }, problem) {
  if (reason !== "end") return WHYS.get(reason) ?? ENDED;
  return lines.length || place ? "" : problem;
}
