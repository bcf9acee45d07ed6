/** What lists are made of: columns that fit a terminal, and ages. Pure. */
import { eastAsianWidth } from 'get-east-asian-width';
import { oneLine } from '../base/plain.ts';

/** Columns of a terminal that says nothing of itself. */
export const USUAL_WIDTH = 100;

const BETWEEN = '  ';
/** A column is not cut below this. */
const NARROWEST = 8;
const CUT = '…';
const ASCII = /^[ -~]*$/;
/** Drawn over what stands before it: accents, and the mark that makes an emoji. */
const NO_WIDTH = /[\p{Mn}\p{Me}\uFE0E\uFE0F]/u;

/**
 * Rows as lines, each column as wide as its widest cell. Where they are wider than the terminal, the widest columns are cut.
 * @param width columns of the terminal. Default: any number
 * @param whole columns that are never cut, such as ids. Default: the first
 */
export function table(
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
  whole: readonly number[] = [0],
): string[] {
  const shown = rows.map((row) => row.map(oneLine));
  const wanted = (rows[0] ?? []).map((_, column) => Math.max(...shown.map((row) => columnsOf(row[column] ?? ''))));
  const widths = fitted(wanted, width, whole);
  return shown.map((row) =>
    row
      .map((cell, column) => padded(fit(cell, widths[column] ?? 0), widths[column] ?? 0))
      .join(BETWEEN)
      .trimEnd(),
  );
}

/** How many columns of a terminal a text takes. It has no ends of lines. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The text, cut where it takes more columns. */
export function fit(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let taken = 1;
  for (const character of text) {
    taken += widthOf(character);
    if (taken > columns) break;
    kept += character;
  }
  return kept + CUT;
}

/** How long it is from one time to another, epoch ms. */
export function ago(from: number, to: number): string {
  const seconds = Math.max(0, Math.round((to - from) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

function widthOf(character: string): number {
  return NO_WIDTH.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}

function padded(cell: string, columns: number): string {
  return cell + ' '.repeat(Math.max(0, columns - columnsOf(cell)));
}

/** Takes from the widest column, one at a time, until all fit, or none can be cut further. */
function fitted(wanted: readonly number[], width: number, whole: readonly number[]): number[] {
  const widths = [...wanted];
  let over = widths.reduce((sum, each) => sum + each, 0) + BETWEEN.length * (widths.length - 1) - width;
  while (over > 0) {
    const widest = widths.reduce(
      (best, each, column) => (!whole.includes(column) && each > (widths[best] ?? 0) ? column : best),
      -1,
    );
    if (widest === -1 || (widths[widest] ?? 0) <= NARROWEST) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}
