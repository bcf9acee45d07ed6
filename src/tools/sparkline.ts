/** Numbers over time as a line of block characters, which a model reads at a glance. Pure. */
const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** Stands for a place without a value. */
export const NOTHING = '·';

/**
 * Draws a character for each value, or for the mean of so many neighbours that the line has at most `width` characters.
 * The least value is the lowest block and the greatest the highest; equal values are in the middle.
 */
export function sparkline(values: readonly (number | null)[], width: number): { line: string; each: number } {
  const each = Math.max(1, Math.ceil(values.length / width));
  const parts = Array.from({ length: Math.ceil(values.length / each) }, (_, at) =>
    meanOf(values.slice(at * each, (at + 1) * each)),
  );
  const known = parts.filter((part) => part !== null);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const block = (value: number) => {
    // Halved first, because the difference of two very great numbers would be infinite.
    const share = least === greatest ? 0.5 : (value / 2 - least / 2) / (greatest / 2 - least / 2);
    return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(share * BLOCKS.length))] ?? NOTHING;
  };
  return { line: parts.map((part) => (part === null ? NOTHING : block(part))).join(''), each };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value / known.length, 0);
}
