/**
 * Reads rows of CSV (RFC 4180) from a text that grows. A line ends with LF, CRLF or CR, in any mixture, unless a quoted
 * field goes on behind it. A row that cannot be read ends with its first line, so that it takes no row behind it along. It
 * knows nothing of columns. Pure.
 */
import { createCsvText } from './csv-text.ts';
import { type CsvDialect, createQuotedFields } from './quoted-fields.ts';

export interface CsvRow {
  /** Empty for a row that cannot be read. */
  fields: string[];
  /** The row as it stands, without the end of its last line. */
  text: string;
  /** How many lines it takes. */
  lines: number;
  /** Why it cannot be read; null where it can. */
  problem: string | null;
}

interface RowReader {
  /** Adds to the text. */
  add(text: string): void;
  /** UTF-16 units that are not read yet. They begin with a row. */
  left(): number;
  /**
   * The next row, which may be an empty line: one field that is empty. Null: it is not whole yet.
   * @param ended whether the text grows no more
   */
  next(ended: boolean): CsvRow | null;
  /** The next line, whatever stands in it; null where its end is not there yet. */
  nextLine(ended: boolean): string | null;
  /** Drops what is left, and answers how it begins. */
  drop(characters: number): string;
}

/** A part of a row: where its value begins and ends, and where the part ends. */
interface Field {
  begin: number;
  close: number;
  end: number;
  isQuoted: boolean;
}

export function createRowReader(dialect: CsvDialect): RowReader {
  const { delimiter, quote, lenient, comment = null } = dialect;
  let part = createCsvText('');
  let quoted = createQuotedFields(part, dialect);
  let at = 0;

  function restart(begin: string): void {
    part = createCsvText(begin);
    quoted = createQuotedFields(part, dialect);
    at = 0;
  }

  /** The fields of a row with quotes, where it ends, and what is wrong with it; null where it is not whole. */
  function quotedRow(from: number, ended: boolean): { fields: string[]; end: number; problem: string | null } | null {
    const { text } = part;
    const fields: Field[] = [];
    for (let begin = from; ;) {
      const closing = text.startsWith(quote, begin) ? quoted.find(begin, ended) : undefined;
      if (closing === null) return null;
      if (closing && 'problem' in closing && !lenient) return { fields: [], end: from, problem: closing.problem };
      let end: number;
      if (closing && 'end' in closing) {
        end = closing.end;
        fields.push({ begin: begin + 1, close: closing.close, end, isQuoted: true });
      } else {
        const lineEnd = part.endOfLine(begin, ended);
        if (lineEnd === null) return null;
        end = Math.min(part.next(delimiter, begin), lineEnd);
        if (!lenient && text.slice(begin, end).includes(quote))
          return { fields: [], end: from, problem: 'has a quote within a field that has none around it' };
        fields.push({ begin, close: end, end, isQuoted: false });
      }
      if (text[end] !== delimiter) return { fields: fields.map(valueOf), end, problem: null };
      begin = end + 1;
    }
  }

  function valueOf({ begin, close, isQuoted }: Field): string {
    const value = part.text.slice(begin, close);
    return isQuoted && value.includes(quote) ? value.replaceAll(quote + quote, () => quote) : value;
  }

  /** Goes on behind the end of a line. */
  function pass(end: number): void {
    at = part.text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, part.text.length);
  }

  return {
    add: (more) => restart(part.text.slice(at) + more),
    left: () => part.text.length - at,
    next(ended) {
      const { text } = part;
      if (at >= text.length) return null;
      const from = at;
      const lineEnd = part.endOfLine(from, ended);
      if (lineEnd === null) return null;
      if (text[from] === comment) {
        pass(lineEnd);
        return { fields: [''], text: '', lines: 1, problem: null };
      }
      const first = text.slice(from, lineEnd);
      if (!first.includes(quote)) {
        pass(lineEnd);
        return { fields: first.split(delimiter), text: first, lines: 1, problem: null };
      }
      const row = quotedRow(from, ended);
      if (row === null) quoted.goesOn(from);
      // A CR at the end of what has come may be half of a CRLF.
      if (row === null || (!ended && row.end === text.length - 1 && text[row.end] === '\r')) return null;
      if (row.problem !== null) {
        pass(lineEnd);
        return { fields: [], text: first, lines: 1, problem: row.problem };
      }
      const whole = text.slice(from, row.end);
      pass(row.end);
      return { fields: row.fields, text: whole, lines: whole.split(/\r\n|\n|\r/).length, problem: null };
    },
    nextLine(ended) {
      const { text } = part;
      if (at >= text.length) return null;
      const end = part.endOfLine(at, ended);
      if (end === null) return null;
      const begin = at;
      pass(end);
      return text.slice(begin, end);
    },
    drop(characters) {
      const begin = part.text.slice(at, at + characters);
      restart('');
      return begin;
    },
  };
}
