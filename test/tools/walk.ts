/** Reads each half of an answer by itself, and goes on by the calls that it prints, as a model does that is given no other. */
import type { Plant } from './plant.ts';

export interface Call {
  tool: string;
  arguments: object;
  /** Not before so many ms; in the text, whole seconds. */
  afterMs?: number;
}

/** Bytes of both halves, as a model gets them. */
export interface Sizes {
  text: number;
  structured: number;
}

/** What one half of an answer says: its rows, and the calls that go on from it, by what they are for. */
export interface Half {
  rows: string[];
  calls: Map<string, Call>;
}

export type Reader = (answer: { text: string; structured: Record<string, unknown> }) => Half;

const CALL = /^([A-Z][\w ]*?)(?: \(after (\d+) s, not before\))?: ([\w-]+) (\{.*\})$/;

/** @param isRow whether a line is a row */
export function byText(isRow: (line: string) => boolean): Reader {
  return ({ text }) => {
    const lines = text.split('\n');
    const calls = lines.flatMap((line): [string, Call][] => {
      const [, what, seconds, tool, json] = CALL.exec(line) ?? [];
      if (!what || !tool || !json) return [];
      const after = seconds === undefined ? {} : { afterMs: Number(seconds) * 1_000 };
      return [[what, { tool, arguments: JSON.parse(json) as object, ...after }]];
    });
    return { rows: lines.filter((line) => isRow(line)), calls: new Map(calls) };
  };
}

/** @param name of the rows */
export function byStructure(name: string): Reader {
  return ({ structured }) => {
    const calls = (structured['nextCalls'] ?? []) as ({ for: string } & Call)[];
    return {
      rows: ((structured[name] ?? []) as unknown[]).map((row) => JSON.stringify(row)),
      calls: new Map(calls.map(({ for: what, ...call }) => [what, call])),
    };
  };
}

const MOST_PAGES = 1_000;

/** All rows of a call and of those that go on from it for `what`, with the size of each page. */
export async function walk(at: Pick<Plant, 'call'>, first: Call, what: string, read: Reader) {
  const rows: string[] = [];
  const sizes: Sizes[] = [];
  let call: Call | undefined = first;
  for (let pages = 0; call !== undefined; pages += 1) {
    if (pages === MOST_PAGES) throw new Error(`${first.tool} does not end`);
    const answer: Awaited<ReturnType<Plant['call']>> = await at.call(call.tool, call.arguments);
    const half: Half = read(answer);
    rows.push(...half.rows);
    sizes.push({ text: bytesOf(answer.text), structured: bytesOf(JSON.stringify(answer.structured)) });
    call = half.calls.get(what);
  }
  return { rows, sizes };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
