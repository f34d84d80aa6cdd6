/** Menus are <details>: one is open at a time, and a click elsewhere or Escape closes it. */

import { byId } from "./dom.js";

const OPEN = "details.menu[open]";
const BOX = "input[type=text]";

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
 * After a click with the mouse the keys belong to whom they belonged before: to the box that
 * somebody types in, or to the lines (Space pauses, and does not press the same button once more).
 * Who comes with the keyboard keeps the focus.
 */
export function keepFocus() {
  /** @type {HTMLElement | null} */
  let box = null;
  document.addEventListener("pointerdown", () => {
    box = /** @type {HTMLElement | null} */ (document.activeElement?.closest(BOX) ?? null);
  }, { capture: true });
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    for (const menu of document.querySelectorAll(OPEN)) {
      if (!menu.contains(target)) menu.removeAttribute("open");
    }
    const pressed = target.closest("button, summary");
    if (!pressed || target.closest("dialog, .menu")) return;
    const byMouse = event.detail > 0;
    const isLost = document.activeElement === document.body; // what was pressed may be gone
    if (!isLost && !(byMouse && document.activeElement === pressed)) return;
    const typesOn = byMouse && box && event.composedPath().includes(byId("toolbar"));
    (typesOn ? box : byId("log"))?.focus({ preventScroll: true });
  });
}
