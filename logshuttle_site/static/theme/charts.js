// A step of a chart that is pointed at, or stepped to by arrow keys: its figures beside it.
// @ts-check

const tip = document.createElement("p");
tip.className = "tip";
tip.setAttribute("role", "status");
const layer = document.createElement("div");
layer.className = "ls";
layer.append(tip);
document.body.append(layer);

/** @typedef {{from: number, step: number, unit: string, series: Record<string, (number | null)[]>}} Steps */

/** @param {HTMLElement} chart @returns {Steps} */
function stepsOf(chart) {
  return JSON.parse(chart.dataset.steps ?? "{}");
}

/** @param {Steps} steps */
function countOf(steps) {
  return Object.values(steps.series)[0]?.length ?? 0;
}

/** @param {number | null} value */
function figure(value) {
  return value === null ? "–" : value.toLocaleString("en", { maximumSignificantDigits: 4 });
}

/** @param {Steps} steps @param {number} at */
function said(steps, at) {
  const time = new Date((steps.from + at * steps.step) * 1000).toISOString();
  const day = steps.step * countOf(steps) > 3600 ? `${time.slice(5, 10)} ` : "";
  const parts = Object.entries(steps.series).map(([name, values]) => `${name} ${figure(values[at] ?? null)}`);
  return `${day}${time.slice(11, 16)} UTC: ${parts.join(", ")} ${steps.unit}`;
}

/** @param {HTMLElement} chart @param {number} at */
function show(chart, at) {
  const steps = stepsOf(chart);
  const count = countOf(steps);
  if (count === 0) return;
  const step = Math.min(Math.max(at, 0), count - 1);
  chart.dataset.at = String(step);
  tip.textContent = said(steps, step);
  const box = chart.getBoundingClientRect();
  const middle = box.left + (box.width * step) / Math.max(count - 1, 1);
  const half = tip.offsetWidth / 2;
  const left = Math.min(Math.max(middle, half + 8), document.documentElement.clientWidth - half - 8);
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(box.top - 8, tip.offsetHeight + 8)}px`;
}

function hide() {
  tip.textContent = "";
}

/** @param {Event} event @returns {HTMLElement | null} */
function chartOf(event) {
  return /** @type {Element} */ (event.target).closest("[data-steps]");
}

document.addEventListener("pointermove", (event) => {
  const chart = chartOf(event);
  if (chart === null) {
    if (!document.activeElement?.matches("[data-steps]")) hide();
    return;
  }
  const box = chart.getBoundingClientRect();
  show(chart, Math.round(((event.clientX - box.left) / box.width) * (countOf(stepsOf(chart)) - 1)));
});

document.addEventListener("focusin", (event) => {
  const chart = chartOf(event);
  if (chart?.matches(":focus-visible")) show(chart, Number(chart.dataset.at ?? Number.POSITIVE_INFINITY));
});
document.addEventListener("focusout", hide);

document.addEventListener("keydown", (event) => {
  const chart = chartOf(event);
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") hide();
  if (chart === null || by === undefined) return;
  event.preventDefault();
  show(chart, Number(chart.dataset.at ?? 0) + by);
});
