// The operator's first page: fresh every five seconds while it is seen, and actions without a reload.
// @ts-check

const EVERY_MS = 5000;
const ASKED_MS = 10000;
const TOAST_MS = 6000;
const STATUS_NEVER = "no answer from the web: what stands here is old";

/** @type {HTMLElement} */
const page = must(document.getElementById("overview"));

/**
 * @template T
 * @param {T | null | undefined} found
 * @returns {T}
 */
function must(found) {
  if (found === null || found === undefined) throw new Error("a part of the page is missing");
  return found;
}

/** @param {string} id @returns {HTMLDialogElement} */
function dialog(id) {
  return /** @type {HTMLDialogElement} */ (must(document.getElementById(id)));
}

/** @param {string} text */
function toast(text) {
  const box = must(document.getElementById("toast"));
  box.textContent = text;
  setTimeout(() => {
    if (box.textContent === text) box.textContent = "";
  }, TOAST_MS);
}

// What is chosen, open or marked stays as it is.
function isBusy() {
  return document.querySelector("dialog[open]") !== null || !(getSelection()?.isCollapsed ?? true);
}

async function refresh() {
  const asked = { redirect: /** @type {const} */ ("error"), signal: AbortSignal.timeout(ASKED_MS) };
  const answer = await fetch(must(page.dataset.parts), asked);
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

// The tab says how many drains fail.
function count() {
  const head = document.getElementById("head");
  if (head === null) return;
  const failing = head.dataset.count;
  document.title = `${failing ? `(${failing}) ` : ""}Overview · Log shuttle`;
}

/** @param {string} text */
function isSure(text) {
  const asked = dialog("sure");
  must(document.getElementById("sure-text")).textContent = text;
  asked.returnValue = "no";
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => resolve(asked.returnValue === "yes"), { once: true });
  });
}

/** @param {{said: string, steps?: {step: string, ok: boolean, ms: number, detail: string}[]}} told */
function show(told) {
  if (told.steps === undefined) {
    toast(told.said);
    return;
  }
  must(document.getElementById("trial-title")).textContent = told.said;
  const list = must(dialog("trial").querySelector("ol"));
  list.replaceChildren(
    ...told.steps.map((step) => {
      const item = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = `${step.ok ? "✓" : "✗"} ${step.step}`;
      name.className = step.ok ? "good" : "bad";
      item.append(name, ` ${step.detail}${step.ok ? ` (${step.ms} ms)` : ""}`);
      return item;
    }),
  );
  if (!dialog("trial").open) dialog("trial").showModal();
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches(".acts")) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (must(event.submitter));
  const what = `${form.dataset.drains} to ${form.dataset.receiver}`;
  const asks = `Pause ${what}? Their lines wait in Kafka meanwhile.`;
  if (button.value === "pause" && !(await isSure(asks))) return;
  const body = new FormData(form, button);
  const token = /** @type {HTMLInputElement} */ (
    must(document.querySelector("[name=csrfmiddlewaretoken]"))
  ).value;
  button.disabled = true;
  try {
    const answer = await fetch(must(form.getAttribute("action")), {
      method: "POST",
      body,
      headers: { "X-CSRFToken": token },
    });
    if (answer.ok) show(await answer.json());
    else toast(`Not done: ${answer.status === 403 ? "this is not allowed" : answer.status}`);
  } catch {
    toast(STATUS_NEVER);
  } finally {
    button.disabled = false;
  }
  await refresh().catch(() => undefined);
});

// One at a time: a web process that is slow is not asked again before it has answered.
async function renew() {
  if (document.visibilityState === "visible" && !isBusy()) {
    await refresh().catch(() => toast(STATUS_NEVER));
  }
  setTimeout(renew, EVERY_MS);
}

count();
setTimeout(renew, EVERY_MS);
