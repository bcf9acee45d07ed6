/** CSV as the format of an HTTP feed: what may be declared. The rows are read in csv-parser.ts, which is loaded on demand. */
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import type { RowFormat } from './format.ts';
import { type CsvOptions, MOST_COLUMNS } from './csv-parser.ts';

const KNOWN: KnownNames<CsvOptions> = {
  columns: true,
  delimiter: true,
  quote: true,
  skipLines: true,
  numbers: true,
  empty: true,
};

/**
 * Comma-separated rows in UTF-8, lines ending with LF or CRLF. Each row is an item: an object of its columns. A row
 * that cannot be read, or has more or fewer fields than there are columns, becomes a dead letter with its line.
 */
export function csv(options: CsvOptions = {}): RowFormat {
  return {
    kind: 'format',
    name: 'CSV',
    accept: 'text/csv, text/*;q=0.5, */*;q=0.1',
    refuses: /\b(?:html|xml|json)\b/,
    maxBytes: null,
    reads: 'rows',
    expected: 'rows of CSV in UTF-8',
    problems: () => csvProblems(options),
    async load() {
      const { createCsvParser } = await import('./csv-parser.ts');
      return () => createCsvParser(options);
    },
  };
}

function csvProblems(options: CsvOptions): Problem[] {
  const { columns, delimiter = ',', quote = '"', skipLines = 0, numbers = false, empty = 'text' } = options;
  const problems = unknownKeys(options, KNOWN);
  const names: unknown = columns;
  if (names !== undefined && !isListOfNames(names)) {
    problems.push({ path: 'columns', expected: `1 to ${MOST_COLUMNS} names, each once` });
  }
  for (const [path, text] of Object.entries({ delimiter, quote })) {
    if (!/^[^\r\n]$/.test(text)) problems.push({ path, expected: 'one character that ends no line', found: text });
  }
  if (delimiter === quote) problems.push({ path: 'quote', expected: 'another character than delimiter', found: quote });
  if (!(Number.isInteger(skipLines) && skipLines >= 0)) {
    problems.push({ path: 'skipLines', expected: 'a whole number from 0 on', found: String(skipLines) });
  }
  const asNumbers: unknown = numbers;
  if (typeof asNumbers !== 'boolean' && !isListOfNames(asNumbers)) {
    problems.push({ path: 'numbers', expected: 'true, false or names of columns' });
  } else if (Array.isArray(numbers) && Array.isArray(columns)) {
    for (const name of numbers as string[]) {
      if (!columns.includes(name)) {
        problems.push({ path: 'numbers', expected: `some of the columns ${columns.join(', ')}`, found: name });
      }
    }
  }
  if (!['text', 'null', 'omit'].includes(empty)) {
    problems.push({ path: 'empty', expected: 'text, null or omit', found: empty });
  }
  return problems;
}

function isListOfNames(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_COLUMNS) return false;
  return value.every((name) => typeof name === 'string' && name !== '') && new Set(value).size === value.length;
}
