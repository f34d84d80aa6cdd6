/**
 * Following the end, or standing still. Any move away from the end pauses at once, however fast
 * lines come; the end, the button, Space and the bar go on.
 */

import { byId, counted, plural } from "../page/dom.js";

/**
 * @typedef {import("./virtual-list.js").VirtualList} VirtualList
 * @typedef {import("../stream/store.js").LineStore} LineStore
 * @typedef {import("../find/sieve.js").Sieve} Sieve
 */

const NEAR_END = 4; // pixels
const OVERLAP = 40; // pixels that stay in sight when a page is turned

export class Follow {
  #list;
  #store;
  #sieve;
  /** @type {HTMLElement} */
  #scroller = byId("log");
  #bar = byId("paused");
  #count = byId("paused-count");
  #button = byId("pause");
  #from = 0;
  /** Whether the newest line is not to come here. */
  isPast = () => false;
  /** Then: to where it is. */
  onLeavePast = () => {};

  /**
   * @param {VirtualList} list
   * @param {LineStore} store
   * @param {Sieve} sieve
   */
  constructor(list, store, sieve) {
    this.#list = list;
    this.#store = store;
    this.#sieve = sieve;
    this.#button.addEventListener("click", () => this.toggle());
    this.#bar.addEventListener("click", () => this.toNewest());
    this.#watchScrolling();
    document.addEventListener("selectionchange", () => this.#pauseForSelection());
    this.#show();
  }

  get isPaused() {
    return !this.#list.follows;
  }

  toggle() {
    if (this.isPaused) this.resume();
    else this.pause();
  }

  pause() {
    if (this.isPaused) return;
    this.#list.follows = false;
    this.#from = this.#store.next;
    this.#show();
  }

  /** Wherever it is. */
  toNewest() {
    if (this.isPast()) this.onLeavePast();
    else this.resume();
  }

  /** To the end of what is here. */
  resume() {
    if (!this.isPaused) return;
    this.#list.follows = true;
    this.#list.ask();
    this.#show();
  }

  toTop() {
    this.pause();
    this.#scroller.scrollTop = 0;
  }

  /** @param {number} pages Scrolling up pauses; who comes down to the end goes on. */
  scroll(pages) {
    if (pages < 0) this.pause();
    this.#scroller.scrollTop += pages * (this.#scroller.clientHeight - OVERLAP);
  }

  /** How many came meanwhile; called as often as that may have changed. */
  update() {
    if (!this.isPaused) return;
    const shown = this.#sieve.shown;
    const more = shown.end - shown.placeOf(this.#from) - this.#store.notesFrom(this.#from);
    const unseen = Math.max(0, this.#store.first - this.#from);
    const lost = unseen ? ` (${counted(unseen)} more fell out)` : "";
    const what = this.isPast() ? "line" : "new line";
    this.#count.textContent = `${plural(Math.max(0, more), what)}${lost}`;
  }

  #show() {
    const paused = this.isPaused;
    this.#bar.hidden = !paused;
    this.#button.setAttribute("aria-pressed", String(paused));
    byId("pause-label").textContent = paused ? "Resume" : "Pause";
    this.#button.title = paused ? "Go to the newest line (Space or End)" : "Stop scrolling (Space)";
    document.documentElement.dataset.paused = String(paused);
    this.update();
  }

  #watchScrolling() {
    const scroller = this.#scroller;
    scroller.addEventListener("wheel", (event) => {
      if (event.deltaY < 0) this.pause();
      else if (this.#isAtEnd()) this.resume();
    }, { passive: true });
    scroller.addEventListener("touchmove", () => this.pause(), { passive: true });
    scroller.addEventListener("touchend", () => this.#isAtEnd() && this.resume());
    scroller.addEventListener("pointerdown", (event) => {
      if (event.offsetX >= scroller.clientWidth && event.target === scroller) this.pause();
    });
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  #scrolled() {
    const top = this.#scroller.scrollTop;
    const list = this.#list;
    if (list.follows) {
      // A window that has become higher, or a shorter list, moves the end itself.
      if (top < list.scrolledTo - NEAR_END && !this.#isAtEnd()) this.pause();
    } else if (top > list.scrolledTo + NEAR_END && this.#isAtEnd()) this.resume();
    if (!list.follows) list.scrolledTo = top;
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - clientHeight - scrollTop < NEAR_END;
  }

  #pauseForSelection() {
    const selection = document.getSelection();
    const inside = selection?.anchorNode && this.#scroller.contains(selection.anchorNode);
    if (inside && !selection.isCollapsed) this.pause();
  }
}
