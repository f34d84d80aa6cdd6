/**
 * Which lines belong to the one before: what is indented behind a line of the same pod, and the
 * parts of a trace that are not. Other pods' lines may stand in between.
 */

/** @typedef {import("../types.js").Line} Line */

const MOST_PODS = 1000;
const MOST_BEHIND = 1000; // lines
export const WITHIN_MS = 5000;

const INDENTED = /^[ \t]+\S/;
/** In the middle of a trace, wherever it stands. */
const MIDDLE =
  /^(?:Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|During handling of the above |The above exception was |Traceback \(most recent call last\))/;
/** What may follow an error at once: its trace begins. */
const BEGINS =
  /^(?:Traceback \(most recent call last\)|Exception in thread |goroutine \d+ \[|(?:[\w$]+\.)*[A-Z][\w$]*(?:Error|Exception)\b(?::|$))/;
/** How one of Python's ends: its last line names what was raised. */
const PYTHON = "Traceback (most recent call last)";
const RAISED = /^[A-Za-z_][\w.]*(?::|$)/;

/**
 * @typedef {object} Open A trace that may go on.
 * @property {number} head Its first line's number.
 * @property {number} ms When its last line was written.
 * @property {number} behind
 * @property {boolean} isError
 * @property {boolean} isPython Whether what was raised is still to come.
 */

export class Traces {
  /** By pod and stream, in the order of their last lines. @type {Map<string, Open>} */
  #open = new Map();

  /** @param {Line} line @returns {number} The number of the line that it belongs to, or its own. */
  headOf(line) {
    const pod = `${line.source}\0${line.tag}\0${line.stream}`;
    const open = this.#open.get(pod);
    const goesOn = open !== undefined && belongs(line, open);
    const isPython = line.plain.startsWith(PYTHON);
    if (goesOn) {
      open.ms = line.ms;
      open.behind += 1;
      open.isPython = isPython || (open.isPython && INDENTED.test(line.plain));
      return open.head;
    }
    this.#open.delete(pod);
    this.#open.set(pod, {
      head: line.seq, ms: line.ms, behind: 0, isError: line.level === "error", isPython,
    });
    if (this.#open.size > MOST_PODS) this.#open.delete(this.#open.keys().next().value ?? "");
    return line.seq;
  }
}

/**
 * @param {Line} line
 * @param {Open} open
 */
function belongs({ plain, ms }, open) {
  if (open.behind >= MOST_BEHIND || ms - open.ms > WITHIN_MS) return false;
  if (INDENTED.test(plain)) return true;
  if (!plain.trim()) return open.behind > 0; // Python has empty lines between one and its cause
  if (open.isPython && RAISED.test(plain)) return true;
  if (open.behind > 0 && MIDDLE.test(plain)) return true;
  return open.isError && open.behind === 0 && BEGINS.test(plain);
}
