/**
 * Parses CSV from chunks of bytes into items: objects of the columns. `feeds/csv` reads the rows. This file reads the
 * header, says what is wrong with it or with a row, and goes on with the next row. It holds a chunk and one unfinished row
 * at most, both bounded.
 */
import { TidegateError } from '../../../base/errors.ts';
import { readSourceNumber } from '../../../base/source-json.ts';
import { withDefaults } from '../../../declare/spec/options.ts';
import { createRowReader, type CsvRow } from '../../csv/row-reader.ts';
import { BROKEN, createPieceDecoder } from '../../kit/text-decoder.ts';
import { type CsvOptions, csvSpec, MOST_COLUMNS } from './csv-options.ts';
import type { BodyItem, RowOrigin, RowParser } from '../format.ts';

/** UTF-16 units of a row, its line ends included. */
export const MAX_ROW_LENGTH = 1024 * 1024;
const BLOCK_LENGTH = 64 * 1024;
/** An unfinished row that is longer than this is read again only when it has grown by as much. */
const REREAD_LENGTH = 256 * 1024;
/** An unfinished row that is longer is read again only when it has doubled. */
const SHORT_LENGTH = 4 * 1024;
const EXCERPT_LENGTH = 500;
const QUOTED_LENGTH = 200;
const SHOWN_FIELDS = 10;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LF = 10;
const CR = 13;
const EXPECTED = 'a row of CSV';

const ANY_ORIGIN: RowOrigin = { charset: null, required: [], fields: [] };

export function createCsvParser(options: CsvOptions, origin: RowOrigin = ANY_ORIGIN): RowParser {
  const { delimiter, quote, quotes, comment = null, empty, skipLines, ...settings } = withDefaults(csvSpec, options);
  const numbers = typeof settings.numbers === 'object' ? new Set(settings.numbers) : settings.numbers;
  const charset = settings.charset ?? origin.charset ?? 'utf-8';
  const decoder = createPieceDecoder(charset);
  const reader = createRowReader({ delimiter, quote, lenient: quotes === 'lenient', comment });
  const named = typeof numbers === 'boolean' ? [] : [...numbers];
  let columns: readonly string[] | null = settings.columns ?? null;
  let toSkip = skipLines;
  /** Lines before what is left. */
  let line = 0;
  /** Whether the line of a row that is too long has not ended yet. */
  let passing = false;
  let lookAt = 0;
  /** Whether no row came yet. */
  let isFirst = true;

  const valueOf = (name: string, text: string): unknown => {
    const isNumber = typeof numbers === 'boolean' ? numbers : numbers.has(name);
    return isNumber && NUMBER.test(text) ? readSourceNumber(text) : text;
  };

  const toItem = ({ fields, text: row, problem }: CsvRow, names: readonly string[]): BodyItem => {
    const bytes = row.length + 1;
    const at = line + 1;
    if (row.includes(BROKEN)) return invalid(row, at, `is not ${nameOf(charset)}`, bytes);
    if (problem !== null) return invalid(row, at, problem, bytes);
    if (fields.length !== names.length) {
      return invalid(row, at, `has ${fields.length} fields, not ${names.length}`, bytes);
    }
    const entries: [string, unknown][] = [];
    for (const [index, name] of names.entries()) {
      const text = fields[index] ?? '';
      if (text !== '' || empty === 'text') entries.push([name, valueOf(name, text)]);
      else if (empty === 'null') entries.push([name, null]);
    }
    return { data: Object.fromEntries(entries), bytes };
  };

  const take = (row: CsvRow, items: BodyItem[]): void => {
    const isEmptyLine = row.text === '';
    // A document whose columns are declared may still have their names in its first row.
    const isHeader = isFirst && settings.columns !== undefined && isEqual(row.fields, settings.columns);
    isFirst &&= isEmptyLine;
    if (isHeader) {
      line += row.lines;
      return;
    }
    if (!isEmptyLine && columns === null) {
      columns = headerOf(row, line + 1, { needed: [named, ...requiredBy(origin)], known: knownTo(origin), charset });
    } else if (!isEmptyLine && columns !== null) items.push(toItem(row, columns));
    line += row.lines;
  };

  /** Passes over the first line of a row that is too long. */
  const passTooLong = (items: BodyItem[]): void => {
    const first = reader.nextLine(false);
    passing = first === null;
    const begin = (first ?? reader.drop(EXCERPT_LENGTH)).slice(0, EXCERPT_LENGTH);
    line += 1;
    if (columns === null) throw wrongHeader(line, `is longer than ${MAX_ROW_LENGTH} characters`, begin);
    items.push(invalid(begin, line, `begins a row that is longer than ${MAX_ROW_LENGTH} characters`, begin.length + 1));
  };

  const read = (items: BodyItem[], ended: boolean): void => {
    for (;;) {
      if (passing || toSkip > 0) {
        if (reader.nextLine(ended) === null) {
          if (passing) reader.drop(0);
          return;
        }
        if (passing) passing = false;
        else [toSkip, line] = [toSkip - 1, line + 1];
        continue;
      }
      const row = reader.next(ended);
      if (row !== null) take(row, items);
      else if (reader.left() > MAX_ROW_LENGTH) passTooLong(items);
      else return;
    }
  };

  return {
    push(chunk, items) {
      reader.add(decoder.push(chunk));
      // A row that comes in many chunks would cost its square if each chunk were searched for its end.
      const left = reader.left();
      if (left < lookAt || !(left >= BLOCK_LENGTH || chunk.includes(LF) || chunk.includes(CR))) return;
      read(items, false);
      const rest = reader.left();
      lookAt = rest < SHORT_LENGTH ? 0 : Math.min(rest * 2, rest + REREAD_LENGTH);
    },
    end(items) {
      reader.add(decoder.end());
      read(items, true);
      if (columns === null) throw wrongHeader(line, 'has no row', null);
    },
  };
}

function invalid(text: string, at: number, problem: string, bytes: number): BodyItem {
  const data = text.slice(0, EXCERPT_LENGTH).replaceAll(BROKEN, '\uFFFD').toWellFormed();
  return { data, bytes, invalid: { reason: `line ${at} ${problem}`, expected: EXPECTED } };
}

function isEqual(fields: readonly string[], names: readonly string[]): boolean {
  return fields.length === names.length && fields.every((field, index) => field.trim() === names[index]);
}

function nameOf(charset: string): string {
  return new TextDecoder(charset).encoding === 'utf-8' ? 'UTF-8' : `text in ${charset}`;
}

/** What a header has to hold for one stream at least. None where some stream takes any header. */
function requiredBy({ required }: RowOrigin): readonly (readonly string[])[] {
  return required.some((names) => names.length === 0) ? [] : required.slice(0, 1);
}

/** The names that some stream knows. Null: some stream may take others. */
function knownTo({ fields }: RowOrigin): ReadonlySet<string> | null {
  return fields.length === 0 || fields.some((names) => names.length === 0) ? null : new Set(fields.flat());
}

interface Expected {
  /** Names that have to be there. */
  needed: readonly (readonly string[])[];
  /** Names of which one has to be there at least. Null: any will do. */
  known: ReadonlySet<string> | null;
  charset: string;
}

function headerOf(
  { fields, text, problem }: CsvRow,
  at: number,
  { needed, known, charset }: Expected,
): readonly string[] {
  const names = fields.map((name) => name.trim());
  const missing = needed.flat().filter((name) => !names.includes(name));
  const twice = names.find((name, index) => names.indexOf(name) < index);
  const looks = markupOf(text);
  const wrong =
    looks !== null
      ? `is ${looks}`
      : text.includes(BROKEN)
        ? `is not ${nameOf(charset)}`
        : (problem ??
          (names.length > MOST_COLUMNS
            ? `has more than ${MOST_COLUMNS} columns`
            : missing.length > 0
              ? `lacks the column${missing.length > 1 ? 's' : ''} ${[...new Set(missing)].join(', ')}`
              : known !== null && !names.some((name) => known.has(name))
                ? `has none of the fields ${[...known].slice(0, SHOWN_FIELDS).join(', ')}`
                : names.includes('')
                  ? 'has a column without a name'
                  : twice === undefined
                    ? null
                    : `has the name ${twice} twice`));
  if (wrong !== null) throw wrongHeader(at, wrong, text);
  return names;
}

function markupOf(text: string): string | null {
  const begin = text.trimStart()[0] ?? '';
  return begin === '<' ? 'HTML or XML' : begin === '{' || begin === '[' ? 'JSON' : null;
}

function wrongHeader(line: number, what: string, text: string | null): TidegateError {
  const quoted = text === null ? '' : `: "${text.slice(0, QUOTED_LENGTH).replaceAll(BROKEN, '\uFFFD').toWellFormed()}"`;
  return new TidegateError('upstream', `the header of the CSV, line ${Math.max(1, line)}, ${what}${quoted}`, {
    field: 'format.columns',
    expected: 'a name for each column, each once, and all that the stream needs',
    hint: 'where no row has the names, declare columns',
  });
}
