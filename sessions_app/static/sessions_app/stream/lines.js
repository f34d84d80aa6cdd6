/** Lines as the page holds them. */

import { levelOf } from "../find/levels.js";
import { plainOf } from "../list/ansi.js";

/**
 * @typedef {import("../types.js").Line} Line
 * @typedef {import("../types.js").WireLine} WireLine
 */

/**
 * @param {WireLine} wire
 * @param {number} seq Its number on this page.
 * @returns {Line}
 */
export function lineOf(wire, seq) {
  const { id, time, name, source, process, tag, stream, text } = wire;
  const plain = plainOf(text);
  return { // name by name: a copy by spreading costs twice as much
    kind: "line", seq, head: seq, behind: 0, level: levelOf(plain, source), ms: Date.parse(time),
    plain, id, time, name, source, process, tag, stream, text,
  };
}

/**
 * @param {Line} line
 * @param {Line} head Of its trace.
 */
export function standBehind(line, head) {
  line.head = head.seq;
  line.level = head.level || line.level;
  head.behind += 1;
}
