/** The dialog with the keys. */

import { byId } from "./dom.js";

export class Help {
  #dialog = byId("help");

  constructor() {
    byId("help-button").addEventListener("click", () => this.#dialog.showModal());
    byId("help-close").addEventListener("click", () => this.#dialog.close());
  }

  toggle() {
    if (this.#dialog.open) this.#dialog.close();
    else this.#dialog.showModal();
  }
}
