/** Keys. They are off while something is typed, and leave buttons their Space and Enter. */

/** @typedef {Record<string, (event: KeyboardEvent) => void>} Keys By KeyboardEvent.key. */

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select";
const TAKES_SPACE = "button, summary, input, select, a[href]";

/** @param {Keys} keys */
export function listen(keys) {
  document.addEventListener("keydown", (event) => {
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
