// What is asked and told above a page: are you sure, the steps of a test, a word on what was done.
// @ts-check

const TOAST_MS = 6000;

/**
 * @template T
 * @param {T | null | undefined} found
 * @returns {T}
 */
export function must(found) {
  if (found === null || found === undefined) throw new Error("a part of the page is missing");
  return found;
}

/** @param {string} id @returns {HTMLDialogElement} */
function dialog(id) {
  return /** @type {HTMLDialogElement} */ (must(document.getElementById(id)));
}

/** @param {string} text */
export function toast(text) {
  const box = must(document.getElementById("toast"));
  box.textContent = text;
  setTimeout(() => {
    if (box.textContent === text) box.textContent = "";
  }, TOAST_MS);
}

/** @param {string} text @param {string} [yes] What the button says. @returns {Promise<boolean>} */
export function isSure(text, yes = "Do it") {
  const asked = dialog("sure");
  must(document.getElementById("sure-yes")).textContent = yes;
  must(document.getElementById("sure-text")).textContent = text;
  asked.returnValue = "no";
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => resolve(asked.returnValue === "yes"), { once: true });
  });
}

const STEPS = {
  resolve: "The name resolves",
  connect: "The port answers",
  tls: "TLS",
  send: "A test line is taken",
};

/** @typedef {{step: keyof typeof STEPS, ok: boolean, ms: number, detail: string}} Step */

/** @param {Step[]} steps @returns {HTMLElement[]} */
export function stepItems(steps) {
  return steps.map((step) => {
    const item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = `${step.ok ? "✓" : "✗"} ${STEPS[step.step]}`;
    name.className = step.ok ? "good" : "bad";
    item.append(name, ` ${step.detail}${step.ok ? ` (${step.ms} ms)` : ""}`);
    return item;
  });
}

/** @typedef {{said: string, steps?: Step[], helps?: string}} Told */

/** @param {Told} told @param {() => void} [then] Once it has been read. */
export function tell(told, then = () => {}) {
  if (told.steps === undefined) {
    toast(told.said);
    return;
  }
  must(document.getElementById("trial-title")).textContent = told.said;
  must(dialog("trial").querySelector("ol")).replaceChildren(...stepItems(told.steps));
  must(document.getElementById("trial-helps")).textContent = told.helps ?? "";
  dialog("trial").addEventListener("close", then, { once: true });
  if (!dialog("trial").open) dialog("trial").showModal();
}
