/** How long to wait before trying again: longer each time, and never all at the same moment. */

const FIRST_SECONDS = 1;
const MOST_SECONDS = 30;

/**
 * @param {number} failures Since it last worked.
 * @param {() => number} [random]
 * @returns {number} Seconds: between the half and the whole of 1, 2, 4 … 30.
 */
export function waitSeconds(failures, random = Math.random) {
  const whole = Math.min(MOST_SECONDS, FIRST_SECONDS * 2 ** Math.min(failures, 10));
  return whole * (0.5 + random() / 2);
}
