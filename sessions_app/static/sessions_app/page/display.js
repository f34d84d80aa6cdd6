/** The menu of how lines look, and what it sets on the page. */

import { byId } from "./dom.js";
import { groundIs } from "../list/contrast.js";
import { SIZES, loadSettings, saveSettings } from "./settings.js";

const TIMES = /** @type {const} */ (["local", "utc", "off"]);

export class Display {
  settings = loadSettings();
  #systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  #form = byId("display-form");
  /** Rows look different now. */
  onChange = () => {};
  /** Other lines are folded now. */
  onFold = () => {};

  constructor() {
    this.#form.addEventListener("change", (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      const value = input.type === "checkbox" ? input.checked : input.value;
      this.set({ [input.name]: value });
    });
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    byId("smaller").addEventListener("click", () => this.resize(-1));
    byId("larger").addEventListener("click", () => this.resize(1));
    this.#systemIsDark.addEventListener("change", () => this.set({}));
    this.#apply();
  }

  /** @param {object} change */
  set(change) {
    Object.assign(this.settings, change);
    saveSettings(this.settings);
    this.#apply();
    this.onChange();
    if ("fold" in change) this.onFold();
  }

  /** @param {number} step */
  resize(step) {
    const size = Math.max(SIZES.least, Math.min(SIZES.most, this.settings.size + step));
    this.set({ size });
  }

  /** @returns {string} What times are now. */
  nextTime() {
    const next = TIMES[(TIMES.indexOf(this.settings.time) + 1) % TIMES.length];
    this.set({ time: next });
    return { local: "Local times", utc: "Times in UTC", off: "No times" }[next];
  }

  /** @param {"wrap" | "ansi" | "fold"} setting @returns {string} What it is now. */
  toggle(setting) {
    this.set({ [setting]: !this.settings[setting] });
    const what = { wrap: "Wrapping", ansi: "Colours of the app", fold: "Folded traces" }[setting];
    return `${what} ${this.settings[setting] ? "on" : "off"}`;
  }

  get rowHeight() {
    return Math.round(this.settings.size * 1.5);
  }

  #apply() {
    const { settings } = this;
    const root = document.documentElement;
    if (settings.theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = settings.theme;
    groundIs(settings.theme === "auto" ? this.#systemIsDark.matches : settings.theme === "dark");
    root.dataset.wrap = String(settings.wrap);
    root.dataset.time = settings.time;
    root.style.setProperty("--line-size", `${settings.size}px`);
    root.style.setProperty("--line-height", `${this.rowHeight}px`);
    byId("log").setAttribute("aria-live", settings.announce ? "polite" : "off");
    byId("size").textContent = `${settings.size} px`;
    /** @type {Record<string, unknown>} */
    const named = { ...settings };
    for (const input of this.#form.elements) {
      if (input.type === "checkbox") input.checked = named[input.name];
      else if (input.type === "radio") input.checked = named[input.name] === input.value;
    }
  }
}
