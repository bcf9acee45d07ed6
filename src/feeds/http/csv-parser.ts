/**
 * Parses CSV from chunks of bytes. csv-parse reads the rows, in blocks that end with a line outside of quotes. This file
 * decides where a block ends, and goes on with the next line behind a row that cannot be read. It holds a block and one
 * unfinished row at most, both bounded.
 */
import { CsvError, parse } from 'csv-parse/browser/esm/sync';
import { TidegateError } from '../../base/errors.ts';
import { withDefaults } from '../../declare/spec/options.ts';
import { type CsvOptions, csvSpec, MOST_COLUMNS } from './csv-options.ts';
import type { BodyItem, RowParser } from './format.ts';

/** UTF-16 units of a row, its line ends included. */
export const MAX_ROW_LENGTH = 1024 * 1024;
const BLOCK_LENGTH = 64 * 1024;
/** The first block behind a row that cannot be read. A body of such rows would otherwise cost a whole block for each line. */
const LEAST_BLOCK_LENGTH = 256;
/** An unfinished row that is longer is read again only when it has doubled, or grown by a block. */
const SHORT_LENGTH = 4 * 1024;
const EXCERPT_LENGTH = 500;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
const LF = 10;
const CR = 13;
const EXPECTED = 'a row of CSV in UTF-8';

export function createCsvParser(options: CsvOptions): RowParser {
  const { delimiter, quote, empty, skipLines, ...settings } = withDefaults(csvSpec, options);
  const numbers = typeof settings.numbers === 'object' ? new Set(settings.numbers) : settings.numbers;
  const decoder = new TextDecoder('utf-8');
  let columns: readonly string[] | null = settings.columns ?? null;
  let toSkip = skipLines;
  /** The text that is not read yet. It begins with a row. */
  let rest = '';
  /** Lines before `rest`. */
  let line = 0;
  let blockLength = BLOCK_LENGTH;
  /** Whether the line of a row that is too long has not ended yet. */
  let passing = false;
  let lookAt = 0;

  const valueOf = (name: string, text: string): unknown => {
    const isNumber = typeof numbers === 'boolean' ? numbers : numbers.has(name);
    if (!isNumber || !NUMBER.test(text)) return text;
    const value = Number(text);
    return Number.isFinite(value) ? value : text;
  };

  const toItem = (fields: readonly string[], at: number): BodyItem | null => {
    if (columns === null) {
      columns = headerOf(fields, at);
      return null;
    }
    const bytes = fields.reduce((sum, field) => sum + field.length + 1, 0);
    const row = fields.join(delimiter);
    if (row.includes('\uFFFD')) return { ...invalid(row, at, 'is not UTF-8'), bytes };
    if (fields.length !== columns.length) {
      return { ...invalid(row, at, `has ${fields.length} fields, not ${columns.length}`), bytes };
    }
    const entries: [string, unknown][] = [];
    for (const [index, name] of columns.entries()) {
      const text = fields[index] ?? '';
      if (text !== '' || empty === 'text') entries.push([name, valueOf(name, text)]);
      else if (empty === 'null') entries.push([name, null]);
    }
    return { data: Object.fromEntries(entries), bytes };
  };

  const readBlock = (block: string, items: BodyItem[]): void => {
    const bytes = new TextEncoder().encode(block);
    /** Where the next row begins. Empty lines may come before it. */
    let next = 0;
    const passEmptyLines = () => {
      for (; bytes[next] === LF || (bytes[next] === CR && bytes[next + 1] === LF); next += 1) {
        if (bytes[next] === LF) line += 1;
      }
    };
    try {
      parse(bytes, {
        delimiter,
        quote,
        record_delimiter: ['\r\n', '\n'],
        relax_column_count: true,
        skip_empty_lines: true,
        max_record_size: MAX_ROW_LENGTH,
        on_record: (fields: string[], { bytes: end }) => {
          passEmptyLines();
          const item = toItem(fields, line + 1);
          if (item) items.push(item);
          for (; next < end; next += 1) if (bytes[next] === LF) line += 1;
          return null;
        },
      });
      passEmptyLines();
      rest = rest.slice(block.length);
      blockLength = Math.min(BLOCK_LENGTH, blockLength * 2);
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      passEmptyLines();
      line += 1;
      if (columns === null) throw notCsv(line, error);
      const bad = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, next)).length;
      const end = block.indexOf('\n', bad);
      const text = block.slice(bad, end === -1 ? block.length : end);
      items.push(invalid(text.replace(/\r$/, ''), line, `cannot be read: ${error.code}`));
      rest = rest.slice(end === -1 ? block.length : end + 1);
      blockLength = LEAST_BLOCK_LENGTH;
    }
  };

  const passTooLong = (items: BodyItem[]): void => {
    line += 1;
    if (columns === null) throw notCsv(line, null);
    items.push(invalid(rest, line, `begins a row that is longer than ${MAX_ROW_LENGTH} characters`));
    const end = rest.indexOf('\n');
    passing = end === -1;
    rest = passing ? '' : rest.slice(end + 1);
  };

  const read = (items: BodyItem[], ended: boolean): void => {
    for (;;) {
      if (passing || toSkip > 0) {
        const end = rest.indexOf('\n') + 1;
        if (end === 0 && passing) rest = '';
        if (end === 0) return;
        rest = rest.slice(end);
        if (passing) passing = false;
        else [toSkip, line] = [toSkip - 1, line + 1];
        continue;
      }
      const block = blockOf(rest, quote, blockLength);
      if (block > 0) readBlock(rest.slice(0, block), items);
      else if (rest.length > MAX_ROW_LENGTH) passTooLong(items);
      else if (ended && rest !== '') readBlock(rest, items);
      else return;
    }
  };

  return {
    push(chunk, items) {
      rest += decoder.decode(chunk, { stream: true });
      // A row that comes in many chunks would cost its square if each chunk were searched for its end.
      if (rest.length < lookAt || !(rest.length >= BLOCK_LENGTH || chunk.includes(LF))) return;
      read(items, false);
      lookAt = rest.length < SHORT_LENGTH ? 0 : Math.min(rest.length * 2, rest.length + BLOCK_LENGTH);
    },
    end(items) {
      rest += decoder.decode();
      read(items, true);
      if (columns === null) throw notCsv(line, null);
    },
  };
}

function invalid(text: string, at: number, problem: string): BodyItem {
  return {
    data: text.slice(0, EXCERPT_LENGTH).toWellFormed(),
    bytes: text.length + 1,
    invalid: { reason: `line ${at} ${problem}`, expected: EXPECTED },
  };
}

/** Where the first block of `text` ends: behind the line at `length`, or the next line that ends outside of quotes. 0 where no such line is there yet. */
function blockOf(text: string, quote: string, length: number): number {
  let within = false;
  let last = 0;
  // Each quote is searched for once. A search for each line would run to the end of the text where no quote follows.
  let at = text.indexOf(quote);
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) {
    for (; at !== -1 && at < end; at = text.indexOf(quote, at + 1)) within = !within;
    if (!within) last = end + 1;
    if (last >= length || (end > MAX_ROW_LENGTH && last > 0)) break;
  }
  return last;
}

function headerOf(fields: readonly string[], line: number): readonly string[] {
  const names = fields.map((name) => name.trim());
  const wrong =
    names.length > MOST_COLUMNS
      ? `has more than ${MOST_COLUMNS} columns`
      : names.includes('')
        ? 'has a column without a name'
        : new Set(names).size < names.length
          ? 'has a name twice'
          : null;
  if (wrong === null) return names;
  throw new TidegateError('upstream', `the header of the CSV, line ${line}, ${wrong}`, {
    field: 'format.columns',
    expected: 'a name for each column, each once',
    hint: 'where no row has the names, declare columns',
  });
}

function notCsv(line: number, cause: CsvError | null): TidegateError {
  const what = cause === null ? 'has no row' : `cannot be read: ${cause.code}`;
  return new TidegateError('upstream', `the header of the CSV, line ${Math.max(1, line)}, ${what}`, {
    field: 'format.columns',
    expected: 'a row of names',
    hint: 'where no row has the names, declare columns',
  });
}
