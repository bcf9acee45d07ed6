/** The written form of an HTTP feed's position, as it stands in the feed's record: what is null or empty is left out. Pure. */
import { type Json, type JsonObject, asJsonObject } from '../../base/json.ts';
import { NO_SIZES, type SeenSizes } from './page-end.ts';
import {
  type AheadItem,
  type EdgeCounts,
  type HttpPosition,
  MOST_AHEAD,
  NO_POSITION,
  type PageBefore,
  type PageMark,
  SHORT_MARK,
  type TimeMark,
  type TimeRange,
  type Way,
} from './position.ts';

/** The last time that a `Date` tells, epoch ms. */
const LAST_MS = 8_640_000_000_000_000n;

/** The position of a feed by time that is to read from this time on, epoch ms. */
export function positionSince(time: number): Json {
  const since = { time: BigInt(Math.floor(time)) * 1_000_000n, edge: new Map(), ahead: [] };
  return writeHttpPosition({ ...NO_POSITION, since });
}

/** A stored position. One that another kind of feed left counts as none. */
export function readHttpPosition(stored: Json): HttpPosition {
  const fields = asJsonObject(stored) ?? {};
  const { cursor, url, etag, lastModified, mark, items, notBefore, heardUntil } = fields;
  const since = readMark(fields['since']);
  return {
    cursor: typeof cursor === 'string' || typeof cursor === 'number' ? cursor : null,
    validators:
      typeof url === 'string' ? { url, etag: textOrNull(etag), lastModified: textOrNull(lastModified) } : null,
    read: typeof mark === 'string' && typeof items === 'number' ? { mark, items } : null,
    since,
    range: readRange(fields['range']),
    latest: readMark(fields['latest']),
    due: since === null ? null : readCounts([...since.edge.keys()], fields['due']),
    page: readPage(fields['page']),
    way: readWay(fields['way']),
    tail: unpackMarks(textOrNull(fields['tail']) ?? ''),
    notBefore: typeof notBefore === 'number' ? notBefore : null,
    heardUntil: typeof heardUntil === 'number' ? heardUntil : null,
    heard: typeof fields['heard'] === 'string' ? fields['heard'] : '',
    sizes: readSizes(fields['sizes']),
  };
}

/** Members that are null are left out, but for the cursor. */
export function writeHttpPosition(position: HttpPosition): Json {
  const { cursor, validators, read, since, range, latest, due, page, way, tail, notBefore, heardUntil, heard, sizes } =
    position;
  return {
    cursor,
    ...validators,
    ...read,
    ...(since === null ? {} : { since: writeMark(since, []) }),
    ...(range === null ? {} : { range: { ...range, since: String(range.since), until: String(range.until) } }),
    // Those ahead stand there once. Beyond the bound they are left out, and taken again if the reading breaks off.
    ...(latest === null ? {} : { latest: writeMark(latest, since?.ahead ?? []) }),
    ...(due === null ? {} : { due: writeCounts(due) }),
    ...(page === null ? {} : { page: writePage(page) }),
    ...(way === null ? {} : { way: { ...way } }),
    ...(tail.length === 0 ? {} : { tail: tail.join('') }),
    ...(heard === '' ? {} : { heard }),
    ...(sizes.full + sizes.last === 0 ? {} : { sizes: [sizes.full, sizes.last] }),
    ...(notBefore === null ? {} : { notBefore }),
    ...(heardUntil === null ? {} : { heardUntil }),
  };
}

function writeMark({ time, edge, ahead }: TimeMark, known: readonly AheadItem[]): JsonObject {
  const marks = new Set(known.map(({ mark }) => mark));
  const early = ahead.filter(({ mark }) => !marks.has(mark)).slice(0, MOST_AHEAD - marks.size);
  return {
    time: String(time),
    edge: [...edge.keys()],
    ...(edge.size === 0 ? {} : { counts: writeCounts(edge) }),
    ...(early.length === 0 ? {} : { early: packAhead(early) }),
  };
}

/** In the order of the edge; null stands for any number. */
function writeCounts(counts: EdgeCounts): Json {
  return Array.from(counts.values(), (count) => (Number.isFinite(count) ? count : null));
}

/** Null: there are no counts, or not of these marks. */
function readCounts(marks: readonly string[], stored: Json | undefined): EdgeCounts | null {
  if (!Array.isArray(stored) || stored.length !== marks.length) return null;
  const counts = stored.map((count) => (typeof count === 'number' ? count : Number.POSITIVE_INFINITY));
  return new Map(marks.map((mark, at) => [mark, counts[at] ?? 0]));
}

/** For each time the milliseconds since the one before, in base 36, and the marks. Times are rounded up. */
function packAhead(items: readonly AheadItem[]): string {
  const byTime = Map.groupBy(items, ({ time }) => msAbove(time));
  let last = 0;
  const parts = [...byTime].sort(([a], [b]) => a - b);
  return parts
    .map(([time, same]) => {
      const step = (time - last).toString(36);
      last = time;
      return `${step}.${same.map(({ mark }) => mark).join('')}`;
    })
    .join(' ');
}

function unpackAhead(text: string): AheadItem[] {
  let last = 0;
  return text.split(' ').flatMap((part) => {
    const [step = '', marks = ''] = part.split('.');
    last += Number.parseInt(step, 36);
    if (!Number.isSafeInteger(last)) return [];
    const time = BigInt(last) * 1_000_000n;
    return unpackMarks(marks).map((mark) => ({ time, mark }));
  });
}

function unpackMarks(marks: string): string[] {
  const count = Math.floor(marks.length / SHORT_MARK);
  return Array.from({ length: count }, (_, index) => marks.slice(index * SHORT_MARK, (index + 1) * SHORT_MARK));
}

function msAbove(time: bigint): number {
  const ms = (time + 999_999n) / 1_000_000n;
  return Number(ms > LAST_MS ? LAST_MS : ms);
}

function readMark(stored: Json | undefined): TimeMark | null {
  const { time, edge, counts, early } = asJsonObject(stored) ?? {};
  const ns = readNs(time);
  if (ns === null || !Array.isArray(edge)) return null;
  const ahead = typeof early === 'string' ? unpackAhead(early) : [];
  const marks = edge.filter((one) => typeof one === 'string');
  const uncounted = new Map(marks.map((mark) => [mark, Number.POSITIVE_INFINITY]));
  return { time: ns, edge: readCounts(marks, counts) ?? uncounted, ahead };
}

function readRange(stored: Json | undefined): TimeRange | null {
  const fields = asJsonObject(stored) ?? {};
  const [since, until] = [readNs(fields['since']), readNs(fields['until'])];
  return since === null || until === null ? null : { since, until, more: fields['more'] === true };
}

function readPage(stored: Json | undefined): PageMark | null {
  const { at, count, seen, behind } = asJsonObject(stored) ?? {};
  if (at === undefined || typeof count !== 'number' || typeof seen !== 'string') return null;
  const { items, mark, isFull, follows, ...told } = asJsonObject(behind) ?? {};
  if (typeof items !== 'number' || typeof mark !== 'string') return { at, count, seen };
  const before: PageBefore = { items, mark, ...(isFull === true ? { isFull } : {}) };
  if (typeof follows === 'boolean') before.follows = follows;
  for (const name of ['total', 'pages', 'empty'] as const) {
    const value = told[name];
    if (typeof value === 'number') before[name] = value;
  }
  return { at, count, seen, behind: before };
}

function readWay(stored: Json | undefined): Way | null {
  const { count, seen } = asJsonObject(stored) ?? {};
  return typeof count === 'number' && typeof seen === 'string' ? { count, seen } : null;
}

function writePage({ behind, ...page }: PageMark): JsonObject {
  return { ...page, ...(behind === undefined ? {} : { behind: { ...behind } }) };
}

function readSizes(stored: Json | undefined): SeenSizes {
  const [full, last] = Array.isArray(stored) ? stored : [];
  return typeof full === 'number' && typeof last === 'number' ? { full, last } : NO_SIZES;
}

function readNs(stored: Json | undefined): bigint | null {
  return typeof stored === 'string' && /^-?\d{1,30}$/.test(stored) ? BigInt(stored) : null;
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
