// A drain that is added is tested first: the steps are shown, then it is said whether to go on.
// @ts-check

import { must, stepItems, toast } from "./dialogs.js";

const form = /** @type {HTMLFormElement} */ (must(document.getElementById("drain_form")));
const asked = /** @type {HTMLDialogElement} */ (must(document.getElementById("adding")));
const steps = must(asked.querySelector("ol"));
const waiting = /** @type {HTMLElement[]} */ ([...steps.children]);
const helps = must(document.getElementById("adding-helps"));
const add = /** @type {HTMLButtonElement} */ (must(document.getElementById("adding-yes")));

// Errors stand beside their fields, as Django would show them.
/** @param {Record<string, string[]>} faults */
function showFaults(faults) {
  for (const old of form.querySelectorAll(".errorlist")) old.remove();
  const fields = Object.entries(faults).map(([name, why]) => {
    const list = document.createElement("ul");
    list.className = "errorlist";
    list.append(
      ...why.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
    const field = document.getElementById(`id_${name}`);
    (field ?? form.firstElementChild)?.after(list);
    return field;
  });
  fields.find((field) => field !== null)?.focus();
}

/** @param {{said: string, ok?: boolean, steps?: import("./dialogs.js").Step[], helps?: string}} told */
function showSteps(told) {
  const [ok, done] = [told.ok ?? false, told.steps ?? []];
  const open = waiting.filter((item) => !done.some((step) => step.step === item.dataset.step));
  steps.replaceChildren(...stepItems(done), ...open);
  helps.textContent = ok ? "It arrived." : `Nothing was delivered. ${told.helps || told.said}`;
  helps.className = ok ? "good" : "bad";
  add.textContent = ok ? "Add it" : "Add it all the same";
  add.disabled = false;
  add.focus();
}

async function test() {
  steps.replaceChildren(...waiting);
  helps.textContent = "";
  add.textContent = "Add it";
  add.disabled = true;
  asked.returnValue = "no";
  asked.showModal();
  try {
    const body = new FormData(form);
    const answer = await fetch(must(form.dataset.trial), { method: "POST", body });
    if (answer.status === 422) {
      asked.close();
      showFaults((await answer.json()).faults);
    } else if (answer.ok) {
      showSteps(await answer.json());
    } else {
      throw new Error(String(answer.status));
    }
  } catch {
    asked.close();
    toast("The test could not be made: no answer from the web.");
  }
}

form.dataset.trial = asked.dataset.trial;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  test();
});
asked.addEventListener("close", () => {
  if (asked.returnValue === "yes") form.submit();
});
