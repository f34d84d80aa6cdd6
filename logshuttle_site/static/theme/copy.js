// Buttons that copy what an element holds.
// @ts-check

import { must, toast } from "./dialogs.js";

/** @param {HTMLElement} element */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent ?? "");
    toast("Copied.");
  } catch {
    // Browsers let a page that came without TLS select, but not copy.
    getSelection()?.selectAllChildren(element);
    toast("It is selected: copy it by hand.");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const id = must(button.getAttribute("data-copy"));
  button.addEventListener("click", () => copy(must(document.getElementById(id))));
}
