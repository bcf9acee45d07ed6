/** CSV as the format of an HTTP feed. Its rows are read by csv-parser.ts, which is loaded with the first burst that needs it. */
import type { RowFormat } from '../format.ts';
import { type CsvOptions, csvProblems } from './csv-options.ts';

/**
 * Comma-separated rows, whose lines end with LF, CRLF or CR. Each row is an item: an object of its columns. A row that
 * cannot be read, or that has more or fewer fields than there are columns, becomes a dead letter with its line. A header
 * without a column that the stream needs, such as an error text in place of rows, fails the burst.
 */
export function csv(options: CsvOptions = {}): RowFormat {
  return {
    kind: 'format',
    name: 'CSV',
    accept: 'text/csv, text/*;q=0.5, */*;q=0.1',
    refuses: null,
    maxBytes: null,
    options,
    reads: 'rows',
    expected: 'rows of CSV',
    problems: () => csvProblems(options),
    async load() {
      const { createCsvParser } = await import('./csv-parser.ts');
      return (origin) => createCsvParser(options, origin);
    },
  };
}
