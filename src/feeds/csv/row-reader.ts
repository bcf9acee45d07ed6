/**
 * Reads rows of CSV (RFC 4180) from a text that grows. A line ends with LF, CRLF or CR, in any mixture, unless a quoted
 * field goes on behind it. A row that cannot be read ends with its first line, so that it takes no row behind it along. It
 * knows nothing of columns. Pure.
 */

interface Dialect {
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

const NONE = Number.POSITIVE_INFINITY;

/** Where a quoted field is closed and where it ends; null where that is not there yet. */
type Closing = { close: number; end: number } | { problem: string } | null;

/** A part of a row: where its value begins and ends, and where the part ends. */
interface Field {
  begin: number;
  close: number;
  end: number;
  isQuoted: boolean;
}

/**
 * What is known of a search for the end of a quoted field that failed. A later search that comes to a quote between its
 * beginning and its end takes the same way, and fails for the same reason.
 */
interface Failed {
  from: number;
  end: number;
  /** Searches that begin here or later may go on, because no line ends between them and the quote that looks like another field. */
  otherLine: number;
  problem: string;
}

/**
 * Each row costs as much as it is long, whatever its quotes are: what a search has found out of a line, or of the text in
 * front of it, is kept for those that begin behind it.
 */
export function createRowReader({ delimiter, quote, lenient, comment = null }: Dialect): RowReader {
  let text = '';
  let at = 0;
  let next = nextIn(text);
  /** The part of a line of which the last quote that ends a field is known; -1: there is none. */
  let line = { from: 0, end: -1, last: -1 };
  let failed: Failed | null = null;
  /** Where a row begins that goes on behind the text. All line ends behind it stand in its quoted fields. */
  let unfinished = NONE;

  function restart(begin: string): void {
    text = begin;
    at = 0;
    next = nextIn(text);
    line = { from: 0, end: -1, last: -1 };
    failed = null;
    unfinished = NONE;
  }

  const lineBreak = (from: number) => Math.min(next('\n', from), next('\r', from));

  /** Where the line ends in which `from` is. The text's length where it has no end and none will come; null: not yet. */
  function endOfLine(from: number, ended: boolean): number | null {
    const end = lineBreak(from);
    // A CR at the end of what has come may be half of a CRLF.
    if (end === NONE || (!ended && end === text.length - 1 && text[end] === '\r'))
      return ended ? Math.min(end, text.length) : null;
    return end;
  }

  const behind = (end: number) => (text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length));

  const isFieldEnd = (character: string | undefined) =>
    character === undefined || character === delimiter || character === '\n' || character === '\r';

  function behindBlanks(from: number): number {
    let end = from;
    while ((text[end] === ' ' || text[end] === '\t') && text[end] !== delimiter) end += 1;
    return end;
  }

  /** The end of a quoted field that begins at `from`. */
  function closingOf(from: number, ended: boolean): Closing {
    const fail = (end: number, problem: string, otherLine = NONE): Closing => {
      failed = { from, end, otherLine, problem };
      return { problem };
    };
    for (let begin = from + 1; ;) {
      const close = text.indexOf(quote, begin);
      if (close === -1) return ended ? fail(NONE, 'opens a quote that is never closed') : null;
      const isFirstOfQuotes = text[close - 1] !== quote;
      if (isFirstOfQuotes && failed && failed.from <= from && close <= failed.end && from < failed.otherLine)
        return { problem: failed.problem };
      if (isFirstOfQuotes && !ended && from > unfinished && lineBreak(from) < close) return null;
      if (close + 1 === text.length && !ended) return null;
      const following = text[close + 1];
      if (following === quote) {
        begin = close + 2;
        continue;
      }
      if (isFieldEnd(following)) return { close, end: close + 1 };
      if (lenient && isOther(from, close))
        return fail(close, 'opens a quote that is never closed', lastLine(from, close));
      const end = lenient ? behindBlanks(close + 1) : close + 1;
      if (end === text.length && !ended) return null;
      if (lenient && isFieldEnd(text[end])) return { close, end };
      const later = lenient && closesLater(close + 1, ended);
      if (later === null) return null;
      if (!later) return fail(close, 'has text behind a closing quote');
      begin = close + 1;
    }
  }

  /** Whether a quote looks like the beginning of another field, lines behind that of a field that was never closed. */
  function isOther(from: number, quoteAt: number): boolean {
    const before = text[quoteAt - 1];
    return (before === delimiter || before === '\n' || before === '\r') && lineBreak(from) < quoteAt;
  }

  /** Where the last line begins that begins behind `from` and in front of `to`. */
  function lastLine(from: number, to: number): number {
    let end = lineBreak(from);
    for (let later = lineBreak(end + 1); later < to; later = lineBreak(end + 1)) end = later;
    return end + 1;
  }

  /** Whether a quote that ends a field follows before the line ends. Null: that is not there yet. */
  function closesLater(from: number, ended: boolean): boolean | null {
    if (from < line.from || from > line.end) {
      const end = Math.min(lineBreak(from), text.length);
      let last = text.lastIndexOf(quote, end - 1);
      while (last >= from && !isFieldEnd(text[last + 1])) last = text.lastIndexOf(quote, last - 1);
      line = { from, end, last };
    }
    if (line.last >= from) return true;
    return line.end === text.length && !ended ? null : false;
  }

  /** The fields of a row with quotes, where it ends, and what is wrong with it; null where it is not whole. */
  function quotedRow(from: number, ended: boolean): { fields: string[]; end: number; problem: string | null } | null {
    const fields: Field[] = [];
    for (let begin = from; ;) {
      const closing = text.startsWith(quote, begin) ? closingOf(begin, ended) : undefined;
      if (closing === null) return null;
      if (closing && 'problem' in closing && !lenient) return { fields: [], end: from, problem: closing.problem };
      let end: number;
      if (closing && 'end' in closing) {
        end = closing.end;
        fields.push({ begin: begin + 1, close: closing.close, end, isQuoted: true });
      } else {
        const lineEnd = endOfLine(begin, ended);
        if (lineEnd === null) return null;
        end = Math.min(next(delimiter, begin), lineEnd);
        if (!lenient && text.slice(begin, end).includes(quote))
          return { fields: [], end: from, problem: 'has a quote within a field that has none around it' };
        fields.push({ begin, close: end, end, isQuoted: false });
      }
      if (text[end] !== delimiter) return { fields: fields.map(valueOf), end, problem: null };
      begin = end + 1;
    }
  }

  function valueOf({ begin, close, isQuoted }: Field): string {
    const value = text.slice(begin, close);
    return isQuoted && value.includes(quote) ? value.replaceAll(quote + quote, () => quote) : value;
  }

  function pass(end: number): void {
    at = behind(end);
  }

  return {
    add: (more) => restart(text.slice(at) + more),
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
      const first = text.slice(from, lineEnd);
      if (!first.includes(quote)) {
        pass(lineEnd);
        return { fields: first.split(delimiter), text: first, lines: 1, problem: null };
      }
      const row = quotedRow(from, ended);
      if (row === null) unfinished = Math.min(unfinished, from);
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
      if (at >= text.length) return null;
      const end = endOfLine(at, ended);
      if (end === null) return null;
      const begin = at;
      pass(end);
      return text.slice(begin, end);
    },
    drop(characters) {
      const begin = text.slice(at, at + characters);
      restart('');
      return begin;
    },
  };
}

/** Finds the next place of a character. What it found counts for all places in front of it, so that a text is searched once. */
function nextIn(text: string): (character: string, from: number) => number {
  const known = new Map<string, { from: number; found: number }>();
  return (character, from) => {
    const last = known.get(character);
    if (last && last.from <= from && from <= last.found) return last.found;
    const index = text.indexOf(character, from);
    const found = index === -1 ? NONE : index;
    known.set(character, { from, found });
    return found;
  };
}
