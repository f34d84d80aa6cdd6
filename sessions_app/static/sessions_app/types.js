/**
 * The shapes that modules hand to each other. Nothing here runs.
 *
 * @typedef {"error" | "warn" | "info" | "debug" | ""} Level Empty: the line does not say one.
 *
 * @typedef {object} WireLine A line as the server sends it.
 * @property {string} id Where to go on after it; opaque.
 * @property {string} time RFC 3339.
 * @property {string} name App and space, or a site.
 * @property {string} source app, router or build.
 * @property {string} process
 * @property {string} tag
 * @property {string} stream stdout, stderr or nothing.
 * @property {string} text
 *
 * @typedef {object} Derived What the page adds to a line.
 * @property {"line"} kind
 * @property {number} seq Its number on this page, without gaps.
 * @property {number} ms Its time in epoch milliseconds; NaN when it cannot be read.
 * @property {string} plain Its text without escape sequences.
 * @property {Level} level Of a line behind another: that one's.
 * @property {number} head Number of the line that it stands behind, as a trace does; or its own.
 * @property {number} behind How many lines stand behind it.
 *
 * @typedef {WireLine & Derived} Line
 *
 * @typedef {object} Note A row of the page's own between lines: a gap, a reconnect.
 * @property {"note"} kind
 * @property {number} seq
 * @property {"loss" | "info"} weight Loss: lines are, or may be, missing here.
 * @property {string} text
 *
 * @typedef {Line | Note} Entry
 *
 * @typedef {object} Criteria What a filter lets pass.
 * @property {string} query Empty: all.
 * @property {boolean} regex
 * @property {boolean} invert
 * @property {boolean} matchCase
 * @property {Record<import("./find/fragment.js").Kind, import("./find/choice.js").Choice>} shown
 * @property {import("./find/fragment.js").Field[]} fields
 *
 * @typedef {object} Look How lines are drawn.
 * @property {"off" | "local" | "utc"} time
 * @property {boolean} hour12
 * @property {boolean} ansi
 * @property {boolean} wrap
 * @property {boolean} json Whether lines that are JSON are shown as message and fields.
 * @property {string[]} highlights
 * @property {string} marked The filter's text, marked where it was found; empty for none.
 * @property {boolean} matchCase Of `marked`.
 * @property {boolean} pattern Whether the filter is a pattern whose matches are marked.
 */

export {};
