/** How long rows take to read, and that it does not matter how the text is cut. What rows mean: `http/csv-parser.test.ts`. */
import { describe, expect, it, test } from 'vitest';
import { type CsvRow, createRowReader } from '../../../src/feeds/csv/row-reader.ts';
import { fc } from '../../properties.ts';

const LENIENT = { delimiter: ',', quote: '"', lenient: true };
const STRICT = { ...LENIENT, lenient: false };

function rowsOf(pieces: readonly string[], dialect = LENIENT): CsvRow[] {
  const reader = createRowReader(dialect);
  const rows: CsvRow[] = [];
  const take = (ended: boolean) => {
    for (let row = reader.next(ended); row !== null; row = reader.next(ended)) rows.push(row);
  };
  for (const piece of pieces) {
    reader.add(piece);
    take(false);
  }
  take(true);
  return rows;
}

/** Many times more than the time of a reader whose time grows with the length, and far less than that of one whose time grows with its square. */
const MOST_MS = 10_000;
const LENGTH = 1024 * 1024;

describe.each([LENIENT, STRICT])('a text costs as much as it is long, where lenient is $lenient', (dialect) => {
  it.each([
    'a"b',
    '"x"",',
    '"a""b,',
    '"a,',
    'a,""x""\n',
    '"a" b",x\n',
    '"open,x\n',
    'x"y\n',
    '"a"   ',
    '" "',
    ',"a"b',
    '\r"a\n',
    '"',
    ',"',
    '"\n,"x\n',
  ])('of %j again and again', (piece) => {
    const text = piece.repeat(LENGTH / piece.length);
    const begun = performance.now();
    for (const begin of ['', '"']) rowsOf([begin + text], dialect);
    expect(performance.now() - begun).toBeLessThan(MOST_MS);
  });

  it('where rows go on behind the text, and are given up line by line', () => {
    const reader = createRowReader(dialect);
    reader.add(`"${'",b,""x""\n'.repeat(LENGTH / 12)}`);
    const begun = performance.now();
    while (reader.next(false) !== null || reader.nextLine(false) !== null);
    expect(performance.now() - begun).toBeLessThan(MOST_MS);
  });
});

test.each([LENIENT, STRICT])('rows are the same wherever the text is cut, where lenient is $lenient', (dialect) => {
  const Text = fc.array(fc.constantFrom('"', '"', '"', ',', '\n', '\r', ' ', 'a'), { maxLength: 24 });
  fc.assert(
    fc.property(Text, fc.array(fc.nat(), { maxLength: 4 }), (units, cuts) => {
      const text = units.join('');
      const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((to, index) => text.slice(places[index], to));
      expect(rowsOf(pieces, dialect)).toEqual(rowsOf([text], dialect));
    }),
    { numRuns: 2_000 },
  );
});

test('a lenient field waits for the end of its line before it is given up', () => {
  const { fields } = rowsOf(['"a\nb"c', 'd",x\n'])[0] ?? { fields: [] };
  expect(fields).toEqual(['a\nb"cd', 'x']);
});
