// Lists of the admin: rows are chosen, what is done to several is asked first, "/" searches.
// @ts-check

import { isSure } from "./dialogs.js";

const NAMED = 3;

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("changelist-form"));
const bar = /** @type {HTMLElement | null} */ (form?.querySelector(".bulk") ?? null);

/** @returns {HTMLInputElement[]} */
function boxes() {
  return [...(form?.querySelectorAll(/** @type {"input"} */ ("td.pick input")) ?? [])];
}

/** @param {string} name @returns {HTMLInputElement | null} */
function hidden(name) {
  return form?.querySelector(/** @type {"input"} */ (`input[name=${name}]`)) ?? null;
}

function all() {
  return /** @type {HTMLButtonElement | null} */ (document.getElementById("all"));
}

// Of a whole filter, or of this page.
function chosen() {
  const across = hidden("select_across")?.value === "1";
  return across ? Number(all()?.dataset.all) : boxes().filter((box) => box.checked).length;
}

/** @param {boolean} across */
function selectAcross(across) {
  const field = hidden("select_across");
  if (field !== null) field.value = across ? "1" : "0";
  show();
}

function show() {
  if (bar === null) return;
  const [count, here] = [chosen(), boxes()];
  const page = here.length > 0 && here.every((box) => box.checked);
  const button = all();
  bar.hidden = count === 0;
  const words = document.getElementById("chosen");
  if (words !== null) words.textContent = `${count.toLocaleString("en")} chosen`;
  if (button !== null) button.hidden = !page || count !== here.length || Number(button.dataset.all) <= count;
  const head = /** @type {HTMLInputElement | null} */ (document.getElementById("pick-all"));
  if (head !== null) head.checked = page;
}

form?.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.id === "pick-all") for (const each of boxes()) each.checked = box.checked;
  selectAcross(false);
});
document.getElementById("all")?.addEventListener("click", () => selectAcross(true));
document.getElementById("none")?.addEventListener("click", () => {
  for (const box of boxes()) box.checked = false;
  selectAcross(false);
});

// What touches several asks first, and names them.
form?.addEventListener("submit", async (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (button === null || !button.matches("[data-many]") || chosen() < 2) return;
  const words = (button.textContent ?? "").trim();
  // A page of its own asks.
  if (words.endsWith("…") || hidden("select_across")?.value === "1") return;
  event.preventDefault();
  const names = boxes().filter((box) => box.checked);
  const first = names.slice(0, NAMED).map((box) => box.ariaLabel?.replace(/^Select /, ""));
  const count = chosen();
  const more = count > NAMED ? `, and ${(count - NAMED).toLocaleString("en")} more` : "";
  const what = `${words}: ${count.toLocaleString("en")} are chosen. ${first.join(", ")}${more}.`;
  if (!(await isSure(what, words))) return;
  const action = document.createElement("input");
  Object.assign(action, { type: "hidden", name: button.name, value: button.value });
  form.append(action);
  form.submit();
});

document.addEventListener("keydown", (event) => {
  const typing = /** @type {HTMLElement} */ (event.target).matches("input, textarea, select");
  if (event.key !== "/" || typing) return;
  const search = /** @type {HTMLInputElement | null} */ (document.querySelector(".search input"));
  if (search === null) return;
  event.preventDefault();
  search.focus();
});

// Menus close like menus.
/** @param {Element | null} but */
function closeMenus(but = null) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== but) menu.removeAttribute("open");
  }
}
document.addEventListener("click", (event) => {
  closeMenus(/** @type {Element} */ (event.target).closest("details.menu"));
});
document.addEventListener("keydown", (event) => {
  const menu = /** @type {HTMLElement} */ (event.target).closest("details.menu[open]");
  if (event.key !== "Escape" || menu === null) return;
  closeMenus();
  menu.querySelector("summary")?.focus();
});

show();
