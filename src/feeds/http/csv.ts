/** CSV as the format of an HTTP feed. Its rows are read by csv-parser.ts, which is loaded with the first burst that needs it. */
import type { RowFormat } from './format.ts';
import { type CsvOptions, csvProblems } from './csv-options.ts';

/**
 * Comma-separated rows in UTF-8, whose lines end with LF or CRLF. Each row is an item: an object of its columns. A row that
 * cannot be read, or that has more or fewer fields than there are columns, becomes a dead letter with its line.
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
