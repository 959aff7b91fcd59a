// @ts-check
/**
 * A scroll bar for more lines than a page can hold: the lines that are loaded stand between two empty spaces, as high as what is
 * above and below them. Browsers draw only so many pixels, so the spaces of very much output are shrunk; which line a place in them
 * stands for is a matter of proportion.
 */

/** @typedef {{ above: number, below: number }} Spaces pixels */

/** Browsers give up at about 16 million pixels. */
const MOST_PX = 6_000_000;

/**
 * The spaces around the lines `first` to `last` of `total`.
 * @param {number} first @param {number} last @param {number} total @param {number} linePx @returns {Spaces}
 */
export function spaces(first, last, total, linePx) {
  return { above: height(first - 1, linePx), below: height(total - last, linePx) };
}

/**
 * The line that stands at `y` pixels, which lies in one of the spaces; null where it is among the lines that are loaded.
 * @param {number} y @param {Spaces} around @param {number} loadedPx @param {number} first @param {number} last @param {number} total
 */
export function lineAt(y, around, loadedPx, first, last, total) {
  if (y < around.above) return 1 + Math.floor(((first - 1) * Math.max(0, y)) / around.above);
  const below = y - around.above - loadedPx;
  if (below <= 0 || around.below === 0) return null;
  return Math.min(total, last + 1 + Math.floor(((total - last) * below) / around.below));
}

/** @param {number} lines @param {number} linePx */
function height(lines, linePx) {
  return Math.min(MOST_PX, Math.max(0, lines) * linePx);
}
