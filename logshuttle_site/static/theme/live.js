// Pages that are fresh every five seconds while they are seen, and whose buttons act without a reload.
// @ts-check

import "./charts.js";
import { isSure, must, tell, toast } from "./dialogs.js";

const EVERY_MS = 5000;
const ASKED_MS = 10000;
const NO_ANSWER = "no answer from the web: what stands here is old";
const BUSY = "dialog[open], .pick input:checked, details.menu[open], [data-steps]:focus-visible";

const page = must(document.querySelector(/** @type {"main"} */ ("[data-parts]")));

// What is chosen, open or marked stays as it is.
function isBusy() {
  return document.querySelector(BUSY) !== null || !(getSelection()?.isCollapsed ?? true);
}

async function refresh() {
  const answer = await fetch(must(page.dataset.parts), {
    redirect: "error",
    signal: AbortSignal.timeout(ASKED_MS),
    headers: { "X-Part": "1" },
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (old === null || old.outerHTML === part.outerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement?.id : undefined;
    old.replaceWith(document.adoptNode(part));
    if (focused) document.getElementById(focused)?.focus();
  }
  count();
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
  if (button.value === "pause" && !(await isSure(asks))) return;
  const body = new FormData(form, button);
  const token = String(body.get("csrfmiddlewaretoken") ?? "") || tokenOf(document);
  button.disabled = true;
  try {
    const to = button.getAttribute("formaction") ?? must(form.getAttribute("action"));
    const answer = await fetch(to, { method: "POST", body, headers: { "X-CSRFToken": token } });
    if (answer.ok) tell(await answer.json());
    else toast(`Not done: ${answer.status === 403 ? "this is not allowed" : answer.status}`);
  } catch {
    toast(NO_ANSWER);
  } finally {
    button.disabled = false;
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
  if (button === null || button.hasAttribute("formtarget")) return; // it leads elsewhere
  if (!form.matches(".acts") && !button.hasAttribute("formaction")) return;
  event.preventDefault();
  act(form, button);
});

// One at a time: a web process that is slow is not asked again before it has answered.
async function renew() {
  if (document.visibilityState === "visible" && !isBusy()) {
    await refresh().catch(() => toast(NO_ANSWER));
  }
  setTimeout(renew, EVERY_MS);
}

count();
setTimeout(renew, EVERY_MS);
