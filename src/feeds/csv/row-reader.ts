/**
 * Reads rows of CSV (RFC 4180) from a text that grows. A line ends with LF, CRLF or CR, in any mixture, unless a quoted
 * field goes on behind it. A row that cannot be read ends with its first line, so that it takes no row behind it along. It
 * knows nothing of columns. Pure.
 */

export interface Dialect {
  /** One UTF-16 unit, as `quote`. */
  delimiter: string;
  quote: string;
  /** Takes quotes that stand in the wrong place for characters of their field, and passes over blanks behind a closing one. */
  lenient: boolean;
  /** One UTF-16 unit: a line that begins with it, where a row could begin, is read as an empty line. Null: none is. */
  comment?: string | null;
}

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

export interface RowReader {
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

const NONE = Number.POSITIVE_INFINITY;

/** Where a field ends, with its value; null where that is not there yet. */
type Field = { value: string; end: number } | { problem: string } | null;

export function createRowReader({ delimiter, quote, lenient, comment = null }: Dialect): RowReader {
  let text = '';
  let at = 0;
  /** The first LF and CR at or behind `at`. A search for each row would read the whole text where there is none. */
  let lf = -1;
  let cr = -1;

  const find = (character: string, known: number, from: number): number => {
    if (known >= from) return known;
    const found = text.indexOf(character, from);
    return found === -1 ? NONE : found;
  };

  /** Where the line ends in which `from` is. The text's length where it has no end and none will come; null: not yet. */
  function endOfLine(from: number, ended: boolean): number | null {
    lf = find('\n', lf, from);
    cr = find('\r', cr, from);
    const end = Math.min(lf, cr);
    // A CR at the end of what has come may be half of a CRLF.
    if (end === NONE || (!ended && end === text.length - 1 && end === cr))
      return ended ? Math.min(end, text.length) : null;
    return end;
  }

  const behind = (end: number) => (text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length));

  const isFieldEnd = (next: string | undefined) =>
    next === undefined || next === delimiter || next === '\n' || next === '\r';

  function behindBlanks(from: number): number {
    let end = from;
    while ((text[end] === ' ' || text[end] === '\t') && text[end] !== delimiter) end += 1;
    return end;
  }

  /** A quoted field that begins at `from`. */
  function quotedField(from: number, ended: boolean): Field {
    let value = '';
    let begin = from + 1;
    for (;;) {
      const close = text.indexOf(quote, begin);
      if (close === -1) return ended ? { problem: 'opens a quote that is never closed' } : null;
      if (close + 1 === text.length && !ended) return null;
      const next = text[close + 1];
      if (next === quote) {
        value += text.slice(begin, close + 1);
        begin = close + 2;
      } else if (isFieldEnd(next)) {
        return { value: value + text.slice(begin, close), end: close + 1 };
      } else if (lenient && isOther(from, close)) {
        return { problem: 'opens a quote that is never closed' };
      } else {
        const end = lenient ? behindBlanks(close + 1) : close + 1;
        if (end === text.length && !ended) return null;
        if (lenient && isFieldEnd(text[end])) return { value: value + text.slice(begin, close), end };
        if (!lenient || !closesLater(close + 1)) return { problem: 'has text behind a closing quote' };
        value += text.slice(begin, close + 1);
        begin = close + 1;
      }
    }
  }

  /** Whether a quote looks like the beginning of another field, lines behind that of a field that was never closed. */
  function isOther(from: number, at: number): boolean {
    const before = text[at - 1] ?? '';
    return (before === delimiter || /[\r\n]/.test(before)) && /[\r\n]/.test(text.slice(from, at));
  }

  /** Whether a quote that ends a field follows before the line ends. */
  function closesLater(from: number): boolean {
    for (let close = text.indexOf(quote, from); close !== -1; close = text.indexOf(quote, close + 1)) {
      if (/[\r\n]/.test(text.slice(from, close))) return false;
      const next = text[close + 1];
      if (isFieldEnd(next)) return true;
    }
    return false;
  }

  function plainField(from: number, lineEnd: number): { value: string; end: number } {
    const found = text.indexOf(delimiter, from);
    const end = found === -1 ? lineEnd : Math.min(found, lineEnd);
    return { value: text.slice(from, end), end };
  }

  /** The fields of a row with quotes, where it ends, and what is wrong with it; null where it is not whole. */
  function quotedRow(from: number, ended: boolean): { fields: string[]; end: number; problem: string | null } | null {
    const fields: string[] = [];
    for (let begin = from; ;) {
      const isQuoted = text.startsWith(quote, begin);
      let field = isQuoted ? quotedField(begin, ended) : null;
      if (isQuoted && field === null) return null;
      if (field !== null && 'problem' in field && !lenient) return { fields: [], end: from, problem: field.problem };
      if (field === null || 'problem' in field) {
        const lineEnd = endOfLine(begin, ended);
        if (lineEnd === null) return null;
        field = plainField(begin, lineEnd);
        if (!lenient && field.value.includes(quote)) {
          return { fields: [], end: from, problem: 'has a quote within a field that has none around it' };
        }
      }
      fields.push(field.value);
      if (text[field.end] !== delimiter) return { fields, end: field.end, problem: null };
      begin = field.end + 1;
    }
  }

  function pass(end: number): void {
    at = behind(end);
    if (lf < at) lf = -1;
    if (cr < at) cr = -1;
  }

  return {
    add(more) {
      text = text.slice(at) + more;
      at = 0;
      lf = -1;
      cr = -1;
    },
    left: () => text.length - at,
    next(ended) {
      if (at >= text.length) return null;
      const from = at;
      const lineEnd = endOfLine(from, ended);
      if (lineEnd === null) return null;
      if (text[from] === comment) {
        pass(lineEnd);
        return { fields: [''], text: '', lines: 1, problem: null };
      }
      const line = text.slice(from, lineEnd);
      if (!line.includes(quote)) {
        pass(lineEnd);
        return { fields: line.split(delimiter), text: line, lines: 1, problem: null };
      }
      const row = quotedRow(from, ended);
      // A CR at the end of what has come may be half of a CRLF.
      if (row === null || (!ended && row.end === text.length - 1 && text[row.end] === '\r')) return null;
      lf = -1;
      cr = -1;
      if (row.problem !== null) {
        pass(lineEnd);
        return { fields: [], text: line, lines: 1, problem: row.problem };
      }
      const whole = text.slice(from, row.end);
      pass(row.end);
      return { fields: row.fields, text: whole, lines: whole.split(/\r\n|\n|\r/).length, problem: null };
    },
    nextLine(ended) {
      if (at >= text.length) return null;
      const end = endOfLine(at, ended);
      if (end === null) return null;
      const line = text.slice(at, end);
      pass(end);
      return line;
    },
    drop(characters) {
      const begin = text.slice(at, at + characters);
      text = '';
      at = 0;
      return begin;
    },
  };
}
