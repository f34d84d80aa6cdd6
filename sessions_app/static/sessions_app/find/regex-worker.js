/** Regular expressions run here: one that never ends takes only this worker with it. */

const MOST_FOUND = 50; // places in a text

/** @type {RegExp | null} */
let pattern = null;

self.onmessage = ({ data }) => {
  if (data.pattern !== undefined) {
    pattern = new RegExp(data.pattern, data.flags);
    self.postMessage("ready");
    return;
  }
  const answer = data.places ? placesIn : (/** @type {string} */ text) => pattern?.test(text);
  self.postMessage(data.texts.map(answer));
};

/** @param {string} text @returns {[number, number][]} Where the pattern is in it. */
function placesIn(text) {
  /** @type {[number, number][]} */
  const places = [];
  if (!pattern) return places;
  const every = new RegExp(pattern.source, `${pattern.flags}g`);
  for (const { 0: found, index } of text.matchAll(every)) {
    if (found) places.push([index, index + found.length]);
    if (places.length >= MOST_FOUND) break;
  }
  return places;
}
