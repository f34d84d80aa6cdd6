/** A line's own colours stay readable on every ground that rows have, in both modes. */

const LEAST = 4.5; // WCAG 2.2, 1.4.3

/** The ground of rows that is nearest to its texts, --soft: what is readable there is on all others. */
const CHOSEN = { light: [230, 235, 253], dark: [37, 46, 77] };

/** @type {Map<string, string>} */
const known = new Map();
const MOST_KNOWN = 2000;
let dark = false;

/** @param {boolean} isDark */
export function groundIs(isDark) {
  if (dark !== isDark) known.clear();
  dark = isDark;
}

/**
 * @param {string} colour rgb(r g b)
 * @returns {string} The same, mixed with white or black as far as it has to be.
 */
export function readable(colour) {
  const made = known.get(colour);
  if (made) return made;
  const rgb = (colour.match(/\d+/g) ?? []).map(Number);
  const ground = luminance(dark ? CHOSEN.dark : CHOSEN.light);
  let mixed = rgb;
  for (let share = 0; share <= 1 && contrast(luminance(mixed), ground) < LEAST; share += 0.1) {
    mixed = rgb.map((part) => Math.round(part + ((dark ? 255 : 0) - part) * share));
  }
  if (known.size > MOST_KNOWN) known.clear();
  const answer = `rgb(${mixed.join(" ")})`;
  known.set(colour, answer);
  return answer;
}

/** @param {number[]} rgb */
function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {number} one
 * @param {number} other
 */
function contrast(one, other) {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
