/**
 * Judges where a source leads: whether the path by which a feed goes on can be meant, by the first body that it is looked for in,
 * whether pages or cursors lead in a circle, and what of a page is stored already that is asked for again because no cursor leads
 * beyond it. Pure, but for fingerprints.
 *
 * Within a burst every place that was asked for is known. From burst to burst the position remembers one of them. It is replaced
 * by a later one whenever their number has doubled (Brent's algorithm), so a circle of any length is noticed after at most three times
 * its length.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { nearestName } from '../../base/known-names.ts';
import type { BodyItem } from './format.ts';
import { fingerprint, shortMark, type Way } from './position.ts';

interface Step {
  /** Where the source was asked to go on; null at the beginning. */
  from: Json;
  /** Where its answer leads. */
  to: Json;
  /** Fingerprints of the places that this burst asked for. Both of these are added. */
  asked: Set<string>;
  source: string;
  /** The option that says where the source leads. */
  field: 'pages' | 'cursor';
}

/** @throws TidegateError `upstream` where the source was asked for that place before */
export async function stepOnward(before: Way | null, { from, to, asked, source, field }: Step): Promise<Way> {
  const mark = await fingerprint(JSON.stringify(to));
  if (from !== null) asked.add(await fingerprint(JSON.stringify(from)));
  if (asked.has(mark) || before?.seen === mark) {
    throw new TidegateError('upstream', `${source} answered a cursor that it was asked for before`, {
      field,
      expected: 'another cursor with each page, and none with the last',
    });
  }
  asked.add(mark);
  const count = (before?.count ?? 0) + 1;
  return { count, seen: before === null || Number.isInteger(Math.log2(count)) ? mark : before.seen };
}

/**
 * A source leaves out where it goes on when there is no more, some of them with what it stands in. A path that is near a name which is there
 * is a mistake, by which the first page would be read for ever; and so is that of a cursor whose beginning is nowhere.
 * @throws TidegateError `upstream`
 */
export function checkPath(field: string, path: string, body: unknown, source: string): void {
  if (readPath(body, path) !== undefined) return;
  const names = path.split('.');
  const name = names.pop() ?? '';
  const holder = names.length === 0 ? body : readPath(body, names.join('.'));
  const near = isHolder(holder) ? nearestName(name, Object.keys(holder), 2) : null;
  if (near === null && (isHolder(holder) || holder === null || field !== 'cursor.from')) return;
  const meant = near === null ? '' : ` (did you mean ${[...names, near].join('.')}?)`;
  throw new TidegateError('upstream', `${source}: ${path} is missing${meant}; the body is ${describeShape(body)}`, {
    field,
    expected: 'a path to where the source says how to go on',
  });
}

/**
 * Where a body says that the source goes on: a text or a number; null where it says that there is no more.
 * @throws TidegateError `upstream` where it says what can be neither
 */
export function placeIn(field: string, path: string, body: unknown, source: string): string | number | null {
  const value = readPath(body, path);
  const isOther = isHolder(value) || value === true;
  if (!isOther) return asCursor(value);
  throw new TidegateError('upstream', `${source}: ${path} is ${describeShape(value)}`, {
    field,
    expected: 'a path to a text or a number, which the last page may leave out',
  });
}

/** A value that can be a cursor, a text or a finite number; null for any other. */
export function asCursor(value: unknown): string | number | null {
  return (typeof value === 'string' && value !== '') || Number.isFinite(value) ? (value as string | number) : null;
}

/** Most items of a last page that are remembered. They take 8 KB of a position. */
export const MOST_OF_LAST_PAGE = 1_000;

export interface LastPage {
  /** Those of the items, from this one on, that the page did not have when it was read before. */
  unread(items: readonly BodyItem[], from: number): BodyItem[];
  /** What a position remembers of the page; null: it has too many items. */
  marks(): readonly string[] | null;
}

/** A page that may be the last: no cursor leads beyond it. @param before what the position remembers of it */
export function pageAtCursor(before: readonly string[]): LastPage {
  const known = new Map<string, number>();
  for (const mark of before) known.set(mark, (known.get(mark) ?? 0) + 1);
  const seen: BodyItem[] = [];

  /** Each mark stands for one item, so that a further item of the same content is taken. */
  function isKnown({ data }: BodyItem): boolean {
    const mark = markOf(data);
    const left = known.get(mark) ?? 0;
    if (left > 0) known.set(mark, left - 1);
    return left > 0;
  }

  return {
    unread(items, from) {
      if (seen.length <= MOST_OF_LAST_PAGE) seen.push(...items.slice(0, MOST_OF_LAST_PAGE + 1 - seen.length));
      if (known.size === 0) return items.slice(from);
      return items.filter((item, at) => !isKnown(item) && at >= from);
    },
    marks: () => (seen.length > MOST_OF_LAST_PAGE ? null : marksOf(seen)),
  };
}

/** What a position remembers of items that may come again. */
export function marksOf(items: readonly BodyItem[]): string[] {
  return items.map(({ data }) => markOf(data));
}

function markOf(data: unknown): string {
  return shortMark(JSON.stringify(data) ?? '');
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
