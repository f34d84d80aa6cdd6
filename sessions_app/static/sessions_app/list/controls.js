/**
 * Characters that have no shape, or turn text around: each is shown as what it is, so that a
 * line can neither hide a part of itself nor reach beyond its row.
 */

/** C0 and C1 but tab; bidi controls; zero-width but joiners; separators; BOM; tags. */
const UNSEEN =
  /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/;
const EACH = new RegExp(UNSEEN.source, "g");

/**
 * @param {Node & ParentNode} parent
 * @param {string} text
 */
export function appendShown(parent, text) {
  if (!UNSEEN.test(text)) {
    parent.append(text);
    return;
  }
  let at = 0;
  for (const found of text.matchAll(EACH)) {
    if (found.index > at) parent.append(text.slice(at, found.index));
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.textContent = nameOf(found[0]);
    parent.append(mark);
    at = found.index + found[0].length;
  }
  if (at < text.length) parent.append(text.slice(at));
}

/** @param {string} character */
function nameOf(character) {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `^${String.fromCharCode(code ^ 0x40)}`;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
