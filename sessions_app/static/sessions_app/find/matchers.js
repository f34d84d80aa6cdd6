/**
 * Whether a text matches: a plain text here, a regular expression in a worker that is ended when
 * it takes too long.
 *
 * @typedef {object} Matcher
 * @property {(texts: string[]) => boolean[] | Promise<boolean[]>} test
 * @property {() => void} close
 */

export const LIMIT_MS = 200;
const MOST_PATTERN = 2000; // characters
/** Lines at a time. The second try is smaller: a busy machine is not a bad pattern. */
const FIRST_TRY = 1000;
const SECOND_TRY = 100;

export class PatternError extends Error {}

/**
 * @param {string} query
 * @param {boolean} matchCase
 * @returns {Matcher}
 */
export function textMatcher(query, matchCase) {
  const wanted = matchCase ? query : query.toLowerCase();
  const holds = matchCase
    ? (/** @type {string} */ text) => text.includes(wanted)
    : (/** @type {string} */ text) => text.toLowerCase().includes(wanted);
  return { test: (texts) => texts.map(holds), close: () => {} };
}

/**
 * @param {string} query
 * @param {boolean} matchCase
 * @returns {RegexMatcher}
 * @throws {PatternError} when it is none
 */
export function regexMatcher(query, matchCase) {
  const flags = matchCase ? "" : "i";
  if (query.length > MOST_PATTERN) throw new PatternError("This pattern is too long.");
  try {
    new RegExp(query, flags);
  } catch (error) {
    throw new PatternError(String(error instanceof Error ? error.message : error));
  }
  return new RegexMatcher(query, flags);
}

/** @implements {Matcher} */
export class RegexMatcher {
  /** @type {Worker | null} */
  #worker = null;
  #closed = false;
  #query;
  #flags;

  /**
   * @param {string} query
   * @param {string} flags
   */
  constructor(query, flags) {
    this.#query = query;
    this.#flags = flags;
  }

  /** @param {string[]} texts */
  async test(texts) {
    /** @type {boolean[]} */
    const verdicts = [];
    for (let at = 0; at < texts.length; at += FIRST_TRY) {
      const part = texts.slice(at, at + FIRST_TRY);
      verdicts.push(...((await this.#ask(part)) ?? (await this.#again(part))));
    }
    return verdicts;
  }

  /**
   * @param {string[]} texts
   * @returns {Promise<[number, number][][] | null>} Of each where it matches; null when that took
   *   too long.
   */
  places(texts) {
    return this.#ask(texts, true);
  }

  close() {
    this.#closed = true;
    this.#end();
  }

  #end() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** @param {string[]} texts */
  async #again(texts) {
    /** @type {boolean[]} */
    const verdicts = [];
    for (let at = 0; at < texts.length; at += SECOND_TRY) {
      const answer = await this.#ask(texts.slice(at, at + SECOND_TRY));
      if (!answer) {
        throw new PatternError(`This pattern is too slow: over ${LIMIT_MS} ms. It is off.`);
      }
      verdicts.push(...answer);
    }
    return verdicts;
  }

  /**
   * @param {string[]} texts
   * @param {boolean} [places] Whether it is asked where, and not only whether.
   * @returns {Promise<any[] | null>} Null when it took too long.
   */
  async #ask(texts, places = false) {
    this.#worker ??= await this.#started();
    const worker = this.#worker;
    if (this.#closed) {
      this.#end();
      return texts.map(() => (places ? [] : false)); // nobody asks any more
    }
    const answer = nextMessage(worker);
    worker.postMessage({ texts, places });
    const inTime = await Promise.race([answer, after(LIMIT_MS)]);
    if (!inTime) this.#end();
    return inTime;
  }

  /** @returns {Promise<Worker>} */
  async #started() {
    const worker = new Worker(workerUrl(), { type: "module" });
    const ready = nextMessage(worker);
    worker.postMessage({ pattern: this.#query, flags: this.#flags });
    await ready;
    return worker;
  }
}

/**
 * @param {Worker} worker
 * @returns {Promise<any>}
 */
function nextMessage(worker) {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = () => reject(new PatternError("Patterns do not work in this browser."));
  });
}

/**
 * @param {number} ms
 * @returns {Promise<null>}
 */
function after(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}

/** The one script that may be loaded by address; browsers with trusted types ask for a policy. */
function workerUrl() {
  const url = new URL("./regex-worker.js", import.meta.url).href;
  const { trustedTypes } = /** @type {any} */ (window);
  _policy ??= trustedTypes?.createPolicy("logshuttle-worker", {
    createScriptURL: (/** @type {string} */ asked) => {
      if (asked !== url) throw new TypeError("not a script of this page");
      return asked;
    },
  });
  return /** @type {string} */ (_policy ? _policy.createScriptURL(url) : url);
}

/** @type {any} */
let _policy;
