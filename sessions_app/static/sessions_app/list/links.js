/**
 * Addresses in a text that lead to web pages: what is written there, and nothing else. A terminal's
 * own links (OSC 8) say one thing and lead to another: they are taken out with all escapes.
 */

/** @typedef {{start: number, end: number, href: string}} Link */

const ADDRESS = /\bhttps?:\/\/[\w\-.~:/?#[\]@!$&()*+,;=%]+/gi;
const MOST_LINKS = 50;
const MOST_ADDRESS = 2000; // characters

/** @param {string} text @returns {Link[]} */
export function linksIn(text) {
  if (!text.includes("://")) return [];
  /** @type {Link[]} */
  const links = [];
  for (const found of text.matchAll(ADDRESS)) {
    const address = withoutEnd(found[0]);
    if (links.length >= MOST_LINKS) break;
    if (isPage(address)) links.push({ start: found.index, end: found.index + address.length, href: address });
  }
  return links;
}

/** @param {string} href @returns {HTMLAnchorElement} In a page of its own, which learns nothing of this one. */
export function anchorOf(href) {
  const anchor = document.createElement("a");
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.tabIndex = -1; // the detail pane has it for the keyboard
  return anchor;
}

/** @param {string} address @returns {string} Without what ends the sentence around it. */
function withoutEnd(address) {
  const end = /[.,;:!?]+$/.exec(address);
  const text = end ? address.slice(0, end.index) : address;
  const closes = (text.endsWith(")") && !text.includes("(")) || (text.endsWith("]") && !text.includes("["));
  return closes ? withoutEnd(text.slice(0, -1)) : text;
}

/** @param {string} address */
function isPage(address) {
  if (address.length > MOST_ADDRESS) return false;
  try {
    const { protocol, username, password, hostname } = new URL(address);
    const isWeb = protocol === "http:" || protocol === "https:";
    return isWeb && Boolean(hostname) && !username && !password; // a name in front hides the host
  } catch {
    return false;
  }
}
