// Pages that are fresh every five seconds while they are seen, and whose buttons act without a reload.
// @ts-check

import "./charts.js";
import { isSure, must, tell, toast } from "./dialogs.js";

const EVERY_MS = 5000;
const ASKED_MS = 10000;
const OLD_SECONDS = 12;
const NO_ANSWER = "No answer from the web: what stands here is old.";
const LOGGED_OUT = "Your session is over: load the page again to log in.";
const BUSY = "dialog[open], .pick input:checked, details.menu[open], [data-steps]:focus-visible";

const page = must(document.querySelector(/** @type {"main"} */ ("[data-parts]")));

const age = document.createElement("p");
age.className = "age";
age.hidden = true;
page.prepend(age);
let renewedAt = Date.now();

// What is chosen, open or marked stays as it is.
function isBusy() {
  return document.querySelector(BUSY) !== null || !(getSelection()?.isCollapsed ?? true);
}

/** @param {Element} element Where focus was, once its part has been replaced. */
function likeness(element) {
  const named = ["href", "name", "value", "aria-label", "id"].map((name) => element.getAttribute(name));
  return [element.tagName, ...named].join("\n");
}

/** @param {Element} part @param {string} wanted @returns {HTMLElement | undefined} */
function alike(part, wanted) {
  const reachable = /** @type {NodeListOf<HTMLElement>} */ (
    part.querySelectorAll("a, button, input, summary, [tabindex]")
  );
  return [...reachable].find((element) => likeness(element) === wanted);
}

async function refresh() {
  const answer = await fetch(must(page.dataset.parts), {
    redirect: "manual", // to the login
    signal: AbortSignal.timeout(ASKED_MS),
    headers: { "X-Part": "1" },
  });
  if (!answer.ok) throw new Error(answer.type === "opaqueredirect" ? LOGGED_OUT : NO_ANSWER);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (old === null || old.outerHTML === part.outerHTML) continue;
    const focus = document.activeElement;
    const wanted = focus !== null && old.contains(focus) ? likeness(focus) : undefined;
    old.replaceWith(document.adoptNode(part));
    if (wanted !== undefined) alike(part, wanted)?.focus({ preventScroll: true });
  }
  renewedAt = Date.now();
  sayAge();
  count();
}

// Nothing is said of now that was true then.
function sayAge() {
  const seconds = Math.round((Date.now() - renewedAt) / 1000);
  age.hidden = seconds < OLD_SECONDS;
  age.textContent = `This is ${seconds} s old${isBusy() ? ": it waits while something is chosen" : ""}.`;
}

// The first page's tab says how many drains fail; where there is a side, so does that.
function count() {
  const failing = document.getElementById("failing")?.dataset.count;
  const badge = document.querySelector('#nav-sidebar a[href$="/drains/drain/"] > span:nth-child(3)');
  if (failing !== undefined && badge !== null) badge.textContent = failing;

  const head = document.getElementById("head");
  if (head === null) return;
  const said = head.dataset.count;
  document.title = `${said ? `(${said}) ` : ""}Overview · Log shuttle`;
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function act(form, button) {
  const whom = button.dataset.whom ?? `${form.dataset.drains} to ${form.dataset.receiver}`;
  const asks = `Pause ${whom}? Lines wait in Kafka meanwhile.`;
  if (button.value === "pause" && !(await isSure(asks, "Pause"))) return;
  const wanted = likeness(button); // it is replaced by the next renewal
  const body = new FormData(form, button);
  const headers = { "X-CSRFToken": tokenOf(document) };
  button.setAttribute("aria-busy", "true"); // one that is disabled would lose the focus
  try {
    const to = button.getAttribute("formaction") ?? must(form.getAttribute("action"));
    const answer = await fetch(to, { method: "POST", body, headers, redirect: "manual" });
    if (answer.ok) tell(await answer.json(), () => alike(document.body, wanted)?.focus());
    else if (answer.type === "opaqueredirect") toast(LOGGED_OUT);
    else toast(`Not done: ${answer.status === 403 ? "this is not allowed" : answer.status}`);
  } catch {
    toast(NO_ANSWER);
  } finally {
    button.removeAttribute("aria-busy");
  }
  await refresh().catch(() => undefined);
}

/** @param {Document} from */
function tokenOf(from) {
  const field = must(from.querySelector("[name=csrfmiddlewaretoken]"));
  return /** @type {HTMLInputElement} */ (field).value;
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (button === null || form.target || button.hasAttribute("formtarget")) return; // it leads elsewhere
  if (!form.matches(".acts[data-drains]") && !button.hasAttribute("formaction")) return;
  event.preventDefault();
  if (!button.hasAttribute("aria-busy")) act(form, button);
});

// One at a time: a web process that is slow is not asked again before it has answered.
async function renew() {
  if (document.visibilityState === "visible" && !isBusy()) {
    await refresh().catch((error) => toast(error.message === LOGGED_OUT ? LOGGED_OUT : NO_ANSWER));
  }
  sayAge();
  setTimeout(renew, EVERY_MS);
}

count();
setTimeout(renew, EVERY_MS);
