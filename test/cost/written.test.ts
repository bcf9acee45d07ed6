/** The table and the picture of the README are what the model says today. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MEASURED } from './measured.ts';
import { pictureOf } from './picture.ts';
import { tableOf } from './table.ts';
import { USUAL } from './workload.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

test('the table of the README', () => {
  expect(read('../../README.md')).toContain(`<!-- cost -->\n${tableOf(USUAL, MEASURED)}\n<!-- /cost -->`);
});

test('the picture', () => {
  expect(read('cost.svg')).toBe(pictureOf(USUAL, MEASURED));
});

/** Relative luminance, as WCAG 2 has it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('each colour of the picture is read on a light page and on a dark one', () => {
  const colours = new Set(read('cost.svg').match(/#[0-9a-f]{6}/g));
  expect(colours.size).toBeGreaterThan(5);
  for (const page of ['#ffffff', '#0d1117']) {
    for (const colour of colours) {
      const [light = 0, dark = 0] = [luminance(page), luminance(colour)].toSorted((a, b) => b - a);
      expect((light + 0.05) / (dark + 0.05), `${colour} on ${page}`).toBeGreaterThan(3);
    }
  }
});
