// @ts-check
/** When a page may be believed: the rules of the live link, without the link. */

export const STALE_AFTER_S = 5;
const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 10;

/**
 * @param {{ sinceLastWord: number, isConnected: boolean, isCaughtUp: boolean }} link seconds since the server last said anything
 * @returns {"live" | "catching-up" | "stale"}
 */
export function linkState({ sinceLastWord, isConnected, isCaughtUp }) {
  if (sinceLastWord > STALE_AFTER_S) return "stale";
  return isConnected && isCaughtUp ? "live" : "catching-up";
}

/**
 * Seconds until the next attempt: twice as long each time, and spread, so that not all browsers come back at once.
 * @param {number} attempt 1 for the first
 * @param {number} spread 0 to 1
 */
export function waitBefore(attempt, spread) {
  const longest = Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1));
  return longest * (0.5 + spread / 2);
}
