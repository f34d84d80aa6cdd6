/** Regular expressions run here: one that never ends takes only this worker with it. */

/** @type {RegExp | null} */
let pattern = null;

self.onmessage = ({ data }) => {
  if (data.pattern !== undefined) {
    pattern = new RegExp(data.pattern, data.flags);
    self.postMessage("ready");
    return;
  }
  self.postMessage(data.texts.map((/** @type {string} */ text) => pattern?.test(text)));
};
