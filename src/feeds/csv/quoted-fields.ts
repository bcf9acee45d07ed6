/**
 * Finds where quoted fields of CSV end. What a search has found out of a line, or of the text in front of it, is kept for
 * those that begin behind it, so that each row costs as much as it is long, whatever its quotes are. Pure.
 */
import { type CsvText, NONE } from './csv-text.ts';

export interface CsvDialect {
  /** One UTF-16 unit, as `quote`. */
  delimiter: string;
  quote: string;
  /** Takes quotes that stand in the wrong place for characters of their field, and passes over blanks behind a closing one. */
  lenient: boolean;
  /** One UTF-16 unit: a line that begins with it, where a row could begin, is read as an empty line. Null: none is. */
  comment?: string | null;
}

/** Where a quoted field is closed and where it ends; null where that is not there yet. */
type Closing = { close: number; end: number } | { problem: string } | null;

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

interface QuotedFields {
  /** The end of the quoted field that begins at `from`. */
  find(from: number, ended: boolean): Closing;
  /** Says that a row which begins at `from` goes on behind the text: all line ends behind it stand in its quoted fields. */
  goesOn(from: number): void;
}

export function createQuotedFields({ text, lineBreak }: CsvText, dialect: CsvDialect): QuotedFields {
  const { delimiter, quote, lenient } = dialect;
  /** The part of a line of which the last quote that ends a field is known; -1: there is none. */
  let line = { from: 0, end: -1, last: -1 };
  let failed: Failed | null = null;
  let unfinished = NONE;

  const isFieldEnd = (character: string | undefined) =>
    character === undefined || character === delimiter || character === '\n' || character === '\r';

  function behindBlanks(from: number): number {
    let end = from;
    while ((text[end] === ' ' || text[end] === '\t') && text[end] !== delimiter) end += 1;
    return end;
  }

  function find(from: number, ended: boolean): Closing {
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

  return {
    find,
    goesOn(from) {
      unfinished = Math.min(unfinished, from);
    },
  };
}
