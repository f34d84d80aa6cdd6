/** Menus are <details>: one is open at a time, and a click elsewhere or Escape closes it. */

import { byId } from "./dom.js";

const OPEN = "details.menu[open]";

/** @returns {boolean} Whether one was open. */
export function closeMenus() {
  const open = document.querySelectorAll(OPEN);
  for (const menu of open) {
    menu.removeAttribute("open");
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
  }
  return open.length > 0;
}

/**
 * After a click with the mouse the keys belong to the lines again: Space pauses, and does not press
 * the same button once more. Who comes with the keyboard keeps the focus.
 */
export function keepFocusOnLines() {
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    for (const menu of document.querySelectorAll(OPEN)) {
      if (!menu.contains(target)) menu.removeAttribute("open");
    }
    const pressed = target.closest("button, summary");
    const byMouse = event.detail > 0 && pressed && !target.closest("dialog, .menu");
    if (byMouse && document.activeElement === pressed) byId("log").focus({ preventScroll: true });
  });
}
