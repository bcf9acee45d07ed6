/**
 * What has come of a CSV text and is not read yet: where its lines end, and where a character stands next. It does not
 * change; when more comes, another one is made. Pure.
 */

export const NONE = Number.POSITIVE_INFINITY;

export interface CsvText {
  text: string;
  /** The first place of a character at `from` or behind it; `NONE` where there is none. */
  next(character: string, from: number): number;
  /** The first LF or CR at `from` or behind it; `NONE` where there is none. */
  lineBreak: (from: number) => number;
  /** Where the line ends in which `from` is. The text's length where it has no end and none will come; null: not yet. */
  endOfLine(from: number, ended: boolean): number | null;
}

export function createCsvText(text: string): CsvText {
  const next = nextIn(text);
  const lineBreak = (from: number) => Math.min(next('\n', from), next('\r', from));
  return {
    text,
    next,
    lineBreak,
    endOfLine(from, ended) {
      const end = lineBreak(from);
      // A CR at the end of what has come may be half of a CRLF.
      if (end === NONE || (!ended && end === text.length - 1 && text[end] === '\r'))
        return ended ? Math.min(end, text.length) : null;
      return end;
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
