/** Tables stand in their columns whatever their cells are, and are cut to the terminal where something may be cut. */
import { expect, test } from 'vitest';
import { ago, columnsOf, fit, table } from '../../src/operate/table.ts';

test('columns are aligned by what a terminal draws, not by how many characters there are', () => {
  const lines = table([
    ['KEY', 'VALUE'],
    ['東京', '1'],
    ['café', '2'],
    ['cafe\u0301', '3'],
    ['👍', '4'],
    ['a', '5'],
  ]);
  const places = lines.map((line) => columnsOf(line.slice(0, line.search(/\S$|VALUE/))));
  expect(new Set(places)).toEqual(new Set([6]));
});

test('what would steer a terminal or end the line is shown as its escape', () => {
  expect(table([['a\u001b[31mb\nc']])).toEqual(['a\\u001b[31mb\\nc']);
});

test('a table that is too wide loses the ends of its widest columns, and never of those that are kept whole', () => {
  const id = 'x'.repeat(22);
  const rows = [
    ['ID', 'MESSAGE', 'STATE'],
    [id, '長い'.repeat(40), 'ok'],
    [id, 'm'.repeat(200), 'backing-off'],
  ];
  const lines = table(rows, 60);
  for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(60);
  expect(lines.every((line, index) => index === 0 || line.startsWith(`${id}  `))).toBe(true);
  expect(lines[2]).toMatch(/m…  backing-off$/);
  expect(table(rows, 20)[1]?.startsWith(id)).toBe(true);
});

test('a text is cut at a character, with a mark of one column', () => {
  expect(fit('東京都', 6)).toBe('東京都');
  expect(fit('東京都', 5)).toBe('東京…');
  expect(fit('東京都', 4)).toBe('東…');
  expect(fit('abc', 3)).toBe('abc');
  expect(fit('abcd', 3)).toBe('ab…');
});

test('an empty table has no lines, and ages have one unit', () => {
  expect(table([])).toEqual([]);
  expect([ago(0, 5_000), ago(0, 600_000), ago(0, 7_200_000), ago(5, 0)]).toEqual(['5 s', '10 min', '2 h', '0 s']);
});
