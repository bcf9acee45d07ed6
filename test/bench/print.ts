/** How figures are shown and compared: medians, and each beside what is asked of it. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return (sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2) ?? 0;
}

/** Rows of `[what, figure, asked]`. */
export function print(title: string, rows: readonly (readonly [string, string, string?])[]): void {
  console.log(`\n${title}`);
  for (const [what, figure, asked] of rows) {
    console.log(`  ${what.padEnd(52)} ${figure.padStart(14)}${asked ? `   (asked: ${asked})` : ''}`);
  }
}
