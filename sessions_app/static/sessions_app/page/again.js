/** A session that is over, opened again: by who is logged in here, else by a line to copy. */

import { byId } from "./dom.js";

/** @typedef {import("./status.js").Status} Status */

/** Ends after which the same can be opened anew. */
const ENDS = ["over", "revoked", "unknown"];

export class Again {
  #status;
  /** Where the admin opens it; empty where this site has none. @type {string} */
  #address = byId("over").dataset.again;
  #button = byId("again");
  #line = byId("again-line");
  #token = "";

  /** It is: at this page's address from now on. */
  onOpened = () => {};
  /** @type {(text: string, what: string) => void} */
  onCopy = () => {};

  /** @param {Status} status */
  constructor(status) {
    this.#status = status;
    this.#button.addEventListener("click", () => void this.#open());
    byId("again-copy").addEventListener("click", () => {
      this.onCopy(byId("again-curl").textContent, "the command");
    });
  }

  /** @param {string} reason Why the session is over; empty: it is not. */
  async offer(reason) {
    this.#button.hidden = this.#line.hidden = true;
    if (!ENDS.includes(reason)) return;
    this.#token = await this.#askToken();
    this.#button.hidden = !this.#token;
    this.#line.hidden = Boolean(this.#token);
  }

  /** @returns {Promise<string>} What a POST needs; empty: nobody is logged in who may open one. */
  async #askToken() {
    if (!this.#address) return "";
    try {
      const answer = await fetch(this.#address, { redirect: "manual", cache: "no-store" });
      return answer.ok ? String((await answer.json()).token) : "";
    } catch {
      return "";
    }
  }

  async #open() {
    this.#button.disabled = true;
    try {
      const id = location.pathname.split("/").filter(Boolean).pop() ?? "";
      const answer = await fetch(this.#address, {
        method: "POST",
        headers: { "X-CSRFToken": this.#token },
        body: new URLSearchParams({ id }),
      });
      if (!answer.ok) throw new Error(await whyNot(answer));
      this.#goTo(new URL((await answer.json()).url));
    } catch (error) {
      this.#status.say(`It was not opened: ${error instanceof Error ? error.message : error}`);
      this.#line.hidden = false;
    } finally {
      this.#button.disabled = false;
    }
  }

  /** @param {URL} url */
  #goTo(url) {
    const query = new URLSearchParams(location.search);
    query.delete("since"); // it goes on with the last lines
    const address = `${url.href}?${query}`.replace(/\?$/, "") + location.hash;
    if (url.origin !== location.origin) {
      location.assign(address);
      return;
    }
    history.replaceState(null, "", address); // the lines stay
    this.onOpened();
  }
}

/** @param {Response} answer */
async function whyNot(answer) {
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
  return isJson ? String((await answer.json()).detail) : `the server answered ${answer.status}`;
}
