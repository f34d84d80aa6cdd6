// A drain that is added is tested first: the steps are shown, then it is said whether to go on.
// @ts-check

import { must, stepItems, toast } from "./dialogs.js";

const form = /** @type {HTMLFormElement} */ (must(document.getElementById("drain_form")));
const asked = /** @type {HTMLDialogElement} */ (must(document.getElementById("adding")));
const steps = must(asked.querySelector("ol"));
const waiting = /** @type {HTMLElement[]} */ ([...steps.children]);
const title = must(document.getElementById("adding-title"));
const helps = must(document.getElementById("adding-helps"));
const add = /** @type {HTMLButtonElement} */ (must(document.getElementById("adding-yes")));

// Errors stand beside their fields, as Django would show them.
/** @param {Record<string, string[]>} faults */
function showFaults(faults) {
  for (const old of form.querySelectorAll(".errorlist")) old.remove();
  for (const old of form.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
  const fields = Object.entries(faults).map(([name, why]) => {
    const list = document.createElement("ul");
    list.className = "errorlist";
    list.setAttribute("role", "alert");
    list.append(
      ...why.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
    const field = document.getElementById(`id_${name}`);
    field?.setAttribute("aria-invalid", "true");
    field?.closest("details")?.setAttribute("open", "");
    (field ?? form.firstElementChild)?.after(list);
    return field;
  });
  fields.find((field) => field !== null)?.focus();
  toast("Something is to be corrected: it stands at the fields.");
}

/** @param {{said: string, ok?: boolean, steps?: import("./dialogs.js").Step[], helps?: string}} told */
function showSteps(told) {
  const [ok, done] = [told.ok ?? false, told.steps ?? []];
  const open = waiting.filter((item) => !done.some((step) => step.step === item.dataset.step));
  steps.replaceChildren(...stepItems(done), ...open);
  title.textContent = told.said;
  const why = told.steps === undefined ? told.said : (told.helps ?? "");
  helps.textContent = ok ? "It arrived." : `The test line was not taken. ${why}`;
  helps.className = ok ? "good" : "bad";
  add.textContent = ok ? "Add it" : "Add it all the same";
  add.disabled = false;
  add.focus();
}

// Only the newest test has a say: who went back may be asking about another receiver by now.
let newest = new AbortController();

async function test() {
  newest.abort();
  newest = new AbortController();
  const { signal } = newest;
  steps.replaceChildren(...waiting);
  helps.textContent = "";
  title.textContent = "A test line first …";
  add.textContent = "Add it";
  add.disabled = true;
  asked.returnValue = "no";
  asked.showModal();
  try {
    const asks = { method: "POST", body: new FormData(form), signal, redirect: /** @type {const} */ ("manual") };
    const answer = await fetch(must(form.dataset.trial), asks);
    const told = answer.type === "opaqueredirect" ? null : await answer.json();
    if (signal.aborted) return;
    if (answer.status === 422) {
      asked.close();
      showFaults(told.faults);
    } else if (answer.ok) {
      showSteps(told);
    } else {
      throw new Error(String(answer.status));
    }
  } catch {
    if (signal.aborted) return;
    asked.close();
    toast("The test could not be made: no answer from the web, or your session is over.");
  }
}

form.dataset.trial = asked.dataset.trial;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  test();
});
asked.addEventListener("close", () => {
  newest.abort();
  if (asked.returnValue === "yes") form.submit();
});
