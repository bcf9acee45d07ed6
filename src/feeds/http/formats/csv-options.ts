/** The options of `csv()`, and their specification. */
import * as z from 'zod';
import type { Problem } from '../../../declare/problem.ts';
import { choice, judged, whole } from '../../../declare/spec/options.ts';
import { isBroken, specProblems } from '../../../declare/spec/problems.ts';
import { isCharset } from '../../kit/text-decoder.ts';

export interface CsvOptions {
  /**
   * Names of the fields, in order, where no row of the document has them.
   * @default the first row is the header
   */
  columns?: readonly string[];
  /**
   * The character between two fields.
   * @default ,
   */
  delimiter?: string;
  /**
   * The character around a field that contains others. Doubled, it stands for itself within quotes.
   * @default "
   */
  quote?: string;
  /**
   * What a quote in the wrong place does (`5" pipe`, `"a"b`). `strict`: the row is a dead letter. `lenient`: the quote is a
   * character of its field, and blanks behind a closing quote (`"a" ,`) are none.
   * @default strict
   */
  quotes?: 'strict' | 'lenient';
  /**
   * The charset of the document, such as `windows-1252` or `shift_jis`. A byte order mark in the document counts before it.
   * @default that of `Content-Type`; where it names none, UTF-8
   */
  charset?: string;
  /**
   * Lines to pass over before the first row (and the header).
   * @default 0
   */
  skipLines?: number;
  /**
   * The character with which lines of comments begin, such as `#`. They are passed over, before the header too.
   * @default no line is a comment
   */
  comment?: string;
  /**
   * Which fields become numbers where they are wholly a decimal number (`-1.5e3`, and not `007` or `1,5`): `true` for all,
   * or the names of columns, which the header then must have. Other fields stay text. An empty field is no number: give
   * `empty: 'null'`, and let the schema take null (`z.number().nullable()`).
   * @default false
   */
  numbers?: boolean | readonly string[];
  /**
   * What an empty field becomes; `text` is the empty text.
   * @default text
   */
  empty?: 'text' | 'null' | 'omit';
}

/** Of a header or a declaration. */
export const MOST_COLUMNS = 1_000;

const character = judged<string>(
  'one character that ends no line',
  (value) => typeof value === 'string' && /^[^\r\n]$/.test(value),
);

export const csvSpec = z.strictObject({
  columns: judged<readonly string[]>(`1 to ${MOST_COLUMNS} names, each once`, isListOfNames).optional(),
  delimiter: character.default(','),
  quote: character.default('"'),
  quotes: choice('strict', 'lenient').default('strict'),
  charset: judged<string>('a charset of the Encoding Standard, such as windows-1252', isCharset).optional(),
  skipLines: whole(0, undefined, { expected: 'a whole number from 0 on' }).default(0),
  comment: character.optional(),
  numbers: judged<boolean | readonly string[]>(
    'true, false or names of columns',
    (value) => typeof value === 'boolean' || isListOfNames(value),
  ).default(false),
  empty: choice('text', 'null', 'omit').default('text'),
});

export function csvProblems(options: CsvOptions): Problem[] {
  const problems = specProblems(csvSpec, options);
  const { columns, delimiter = ',', quote = '"', comment, numbers } = options;
  if (delimiter === quote) problems.push({ path: 'quote', expected: 'another character than delimiter', found: quote });
  if (comment !== undefined && (comment === delimiter || comment === quote)) {
    problems.push({ path: 'comment', expected: 'another character than delimiter and quote', found: comment });
  }
  if (!Array.isArray(numbers) || !Array.isArray(columns) || isBroken(problems, 'numbers')) return problems;
  const unknown = (numbers as string[]).filter((name) => !columns.includes(name));
  const expected = `some of the columns ${columns.join(', ')}`;
  return [...problems, ...unknown.map((name) => ({ path: 'numbers', expected, found: name }))];
}

function isListOfNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_COLUMNS) return false;
  return value.every((name) => typeof name === 'string' && name !== '') && new Set(value).size === value.length;
}
