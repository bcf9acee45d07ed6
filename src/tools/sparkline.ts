/** Numbers over time as a line of block characters, which a model reads at a glance. Pure. */
const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** A place without a value. */
export const NOTHING = '·';

/**
 * A character for each value, or for the mean of as many neighbours as make it `width` characters at most: the least is
 * the lowest block, the greatest the highest; where all are equal, the middle.
 */
export function sparkline(values: readonly (number | null)[], width: number): { line: string; each: number } {
  const each = Math.max(1, Math.ceil(values.length / width));
  const parts = Array.from({ length: Math.ceil(values.length / each) }, (_, at) =>
    meanOf(values.slice(at * each, (at + 1) * each)),
  );
  const known = parts.filter((part) => part !== null);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const block = (value: number) => {
    // Halved first: a difference of great numbers would be none.
    const share = least === greatest ? 0.5 : (value / 2 - least / 2) / (greatest / 2 - least / 2);
    return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(share * BLOCKS.length))] ?? NOTHING;
  };
  return { line: parts.map((part) => (part === null ? NOTHING : block(part))).join(''), each };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value / known.length, 0);
}
