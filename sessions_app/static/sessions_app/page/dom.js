/** Elements out of text nodes: no line's text ever meets an HTML parser. */

/**
 * @param {string} id
 * @returns {any} The element; the template has it.
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/**
 * @param {string} className
 * @param {string} label
 * @param {() => void} onClick
 * @returns {HTMLButtonElement}
 */
export function button(className, label, onClick) {
  const made = /** @type {HTMLButtonElement} */ (element("button", className, label));
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

const _numbers = new Intl.NumberFormat("en");

/** @param {number} count */
export function counted(count) {
  return _numbers.format(count);
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function plural(count, noun) {
  return `${counted(count)} ${noun}${count === 1 ? "" : "s"}`;
}
