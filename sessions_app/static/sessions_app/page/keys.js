/** Keys. They are off while something is typed, and leave buttons their Space and Enter. */

/** @typedef {Record<string, (event: KeyboardEvent) => void>} Keys By KeyboardEvent.key. */

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select";
const TAKES_SPACE = "button, summary, input, select, a[href]";

/**
 * @param {Keys} keys
 * @param {() => boolean} find Goes to the filter box; whether it was there already.
 */
export function listen(keys, find) {
  document.addEventListener("keydown", (event) => {
    if (isFind(event)) {
      // The browser's own finds only the rows in sight: it comes with the second try.
      if (!document.querySelector("dialog[open]") && !find()) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest(TYPING) && event.key !== "Escape") return;
    // An open dialog closes itself; when it has just closed, it may still have the focus.
    if (target.closest("dialog[open]") && event.key !== "?") return;
    if ([" ", "Enter"].includes(event.key) && target.closest(TAKES_SPACE)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}

/** @param {KeyboardEvent} event */
function isFind({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  return key === "f" && ctrlKey !== metaKey && !altKey && !shiftKey;
}
