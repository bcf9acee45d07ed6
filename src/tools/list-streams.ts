/**
 * `list_streams`: which streams there are, what their fields mean, and how fresh they are. A page has at most 20
 * streams, and 25 KB in each half of the answer unless one stream is larger. For each it reads the extent and, where there are keys, a few of
 * them, and on a page of 10 streams or fewer the newest entry: at most 42 store calls a page, made at the same time, and a few more where
 * gaps or removals came last. On a larger page a stream's arrival may be that of a gap or a removal, and the answer says so.
 */
import * as z from 'zod';
import { type Tool, tool } from '../declare/tool.ts';
import type { Feed } from '../declare/feed.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { WentBack } from '../feeds/records/state.ts';
import { feedStatus } from '../feeds/records/status.ts';
import { newestTimes } from '../streams/ranges/newest-time.ts';
import { formsAt } from '../declare/check/picked-fields.ts';
import { pathOf } from '../base/field-path.ts';
import { fieldsOf } from '../streams/fields.ts';
import { findStream } from '../streams/find-stream.ts';
import { readLatestByKey } from '../streams/log/read-latest.ts';
import { newestArrival } from '../streams/log/newest-arrival.ts';
import { streamLog } from '../streams/log/stream-log.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { callLine, callsTo, NextCalls } from '../calls/next-call.ts';
import { utf8Bytes } from '../base/json.ts';
import { isoTime } from '../base/time/time-text.ts';
import { describeStreams, streamNames } from './describe.ts';
import { Listed, type ListedStream, streamLines } from './stream-lines.ts';
import { searchStreams } from './stream-search.ts';
import { type FeedNote as Note, noteFrom } from './feed-note.ts';
import { READ_ONLY, StreamName } from '../calls/schemas.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import { inLines } from '../base/plain.ts';

const PAGE_STREAMS = 20;
/** On pages of no more streams the newest entry of each is read too: platforms bound the calls of a request. */
const LOOKED_AT_STREAMS = 10;
const EXAMPLE_KEYS = 5;
/** Of each half of an answer, beside what stands around its streams. */
const PAGE_BYTES = 24_000;

const Input = z.strictObject({
  stream: StreamName.optional().describe('Only this one'),
  search: z.string().min(1).max(200).optional().describe('Words of names, texts, fields or keys'),
  after: z.string().max(64).optional().describe('`next` of the page before'),
});

const Output = z.object({
  streams: z.array(Listed),
  next: z.string().nullable().describe('Give it as `after` for more; null: these were the last'),
  now: z.string().describe("The server's clock, ISO 8601"),
  hint: z.string().optional().describe('What to try, where nothing was found'),
  nextCalls: NextCalls,
});

export function listStreamsTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'Streams',
    description: [
      'Of each stream of live data: fields, units, keys, size, freshness and the state of its feed. Begin here where a field or key is not known.',
      describeStreams(app),
    ].join('\n'),
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const all = [...app.streams.values()];
      const named = input.stream === undefined ? all : [findStream(app, input.stream)];
      const found = input.search === undefined ? named : await searchStreams(scope, named, input.search);
      const begin = input.after === undefined ? -1 : all.indexOf(findStream(app, input.after));
      const wanted = found.filter((stream) => all.indexOf(stream) > begin);
      const page = wanted.slice(0, PAGE_STREAMS);
      const looksAtNewest = page.length <= LOOKED_AT_STREAMS;
      const [notes, times] = await Promise.all([notesOf(scope, page), newestTimes(scope, page)]);
      const now = runtime.now();
      const listed = await Promise.all(
        page.map((stream, index) =>
          list(scope, stream, notes.get(stream.feed ?? '') ?? NO_NOTE, times[index] ?? null, looksAtNewest),
        ),
      );
      const texts = listed.map((each) => inLines(streamLines(each, now, app)));
      const count = fitting(listed, texts);
      const next = count < wanted.length ? (listed[count - 1]?.name ?? null) : null;
      const hint = found.length === 0 ? `No stream has these words. Streams: ${streamNames(app)}` : null;
      const calls = next === null ? [] : callsTo('More streams', app.toolNames.list_streams, { ...input, after: next });
      return {
        text: [
          ...texts.slice(0, count),
          ...(hint === null ? [] : [hint]),
          `Now: ${isoTime(now)}.`,
          ...calls.map(callLine),
        ].join('\n'),
        structured: {
          streams: listed.slice(0, count),
          next,
          now: isoTime(now),
          ...(hint === null ? {} : { hint }),
          ...(calls.length === 0 ? {} : { nextCalls: calls }),
        },
      };
    },
  });
}

/** How many of the streams fit a page, in each half of the answer. One that is larger stands alone. */
function fitting(listed: readonly ListedStream[], texts: readonly string[]): number {
  let structured = 0;
  let text = 0;
  const over = listed.findIndex((each, index) => {
    structured += utf8Bytes(JSON.stringify(each)) + 1;
    text += utf8Bytes(texts[index] ?? '') + 1;
    return Math.max(structured, text) > PAGE_BYTES;
  });
  return over === -1 ? listed.length : Math.max(1, over);
}

/** What is told of a feed. */
interface FeedTold {
  note: Note | null;
  /** Its streams whose times have no zone. */
  zoneless: readonly string[];
  /** Its streams of which the source repeats more than is looked through. */
  repeatsBeyond: readonly string[];
  /** When it was told last that events are missing, epoch ms; null: never. */
  lastGapAt: number | null;
  /** When it may have brought events twice last, epoch ms; null: never. */
  lastDoubtAt: number | null;
  /** When the store last went back to an earlier state. Absent: never that is known. */
  wentBack?: WentBack;
}

const NO_NOTE: FeedTold = { note: null, zoneless: [], repeatsBeyond: [], lastGapAt: null, lastDoubtAt: null };

/** One store call for all feeds of the page. */
async function notesOf(scope: Scope, page: readonly DeclaredStream[]): Promise<Map<string, FeedTold>> {
  const names = [...new Set(page.flatMap(({ feed }) => (feed === null ? [] : [feed])))];
  if (names.length === 0) return new Map();
  const statuses = await feedStatus(scope, names);
  return new Map(
    statuses.map(({ feed: name, zoneless = [], repeatsBeyond, lastGapAt, lastDoubtAt, wentBack, ...status }) => [
      name,
      {
        note: noteFrom(name, status),
        zoneless,
        repeatsBeyond,
        lastGapAt,
        lastDoubtAt,
        ...(wentBack === undefined ? {} : { wentBack }),
      },
    ]),
  );
}

async function list(
  scope: Scope,
  stream: DeclaredStream,
  { note, zoneless, repeatsBeyond, lastGapAt, lastDoubtAt, wentBack }: FeedTold,
  newestTime: number | null,
  looksAtNewest: boolean,
): Promise<ListedStream> {
  const place = ofStream(scope, stream);
  const { name, title, description, keyed, retention, latenessMs, aheadMs, example } = stream;
  const [extent, arrivedAt, keys] = await Promise.all([
    scope.store.extent(streamLog(place.tenant, name)),
    looksAtNewest ? newestArrival(place, name) : null,
    keyed ? readLatestByKey(place, name, { after: null, limit: EXAMPLE_KEYS }) : { events: [], next: null },
  ]);
  const newestAt = looksAtNewest ? arrivedAt : extent.newestAt;
  const caveat = caveatOf(stream, lastGapAt, scope.runtime.now());
  const isDoubtful = repeatsBeyond.includes(name) || isKept(stream, lastDoubtAt, scope.runtime.now());
  const reads = scope.app.feeds.get(stream.feed ?? '')?.feed.reads;
  const isExact = (stream.identified || reads === 'onward') && caveat === undefined && !isDoubtful;
  return {
    name,
    title,
    description,
    uri: `stream://${name}`,
    keyed,
    keys: keys.events.flatMap(({ key }) => (key === undefined ? [] : [key])),
    moreKeys: keys.next !== null,
    fields: fieldsOf(stream).map((field) => ({ ...field, ...(mayLack(stream, field.name) ? { optional: true } : {}) })),
    ...(example === undefined ? {} : { example }),
    events: extent.count,
    newestAt: newestAt === null ? null : isoTime(newestAt),
    ...(looksAtNewest || newestAt === null ? {} : { newestMayBeMark: true as const }),
    newestTime: newestAt === null || newestTime === null ? null : isoTime(newestTime),
    retention,
    zone: stream.zone ?? 'UTC',
    zoneAssumed: zoneless.includes(name),
    aheadMs: Number.isFinite(aheadMs) ? aheadMs : null,
    latenessMs: Number.isFinite(latenessMs) ? latenessMs : null,
    delivery: isExact ? 'exactly-once' : 'at-least-once',
    ...caveats([caveat, backText(stream, wentBack, scope.runtime.now()), againText(stream, reads)]),
    feed: note,
  };
}

/** Whether an event may come without the field. */
function mayLack({ jsonSchema }: DeclaredStream, field: string): boolean {
  return formsAt(jsonSchema, pathOf(field))?.has('missing') === true;
}

/** What is missing in a stream: by its declaration, and by the gaps that its feed told of what is still kept. */
function caveatOf(stream: DeclaredStream, lastGapAt: number | null, now: number): string | undefined {
  const missing = isKept(stream, lastGapAt, now)
    ? `Events are missing, the last time at ${isoTime(lastGapAt)}: gap events say where`
    : undefined;
  return [stream.caveat, missing].filter((one) => one !== undefined).join(' ') || undefined;
}

/** That the source lists everything again each time, and nothing tells what stands there already. */
function againText({ identified }: DeclaredStream, reads: Feed['reads']): string | undefined {
  if (identified || reads !== 'whole') return undefined;
  return 'Each poll appends all that the source lists, also what stands here already, because its events have no id';
}

/** That the store went back to an earlier state, as long as what was lost with it would be kept. */
function backText(stream: DeclaredStream, back: WentBack | undefined, now: number): string | undefined {
  if (back === undefined || !isKept(stream, back.at, now)) return undefined;
  const { at, from, to } = back;
  const what = `What came ${from === null ? '' : `from ${isoTime(from)} `}up to ${isoTime(to)}`;
  return `The store went back to an earlier state, as was noticed at ${isoTime(at)}. ${what} is here only where the source gave it again`;
}

function caveats(texts: readonly (string | undefined)[]): { caveat?: string } {
  const told = texts.filter((one) => one !== undefined);
  return told.length === 0 ? {} : { caveat: told.join('. ') };
}

/** Whether what came at this time would still be kept. */
function isKept({ retention: { ageMs } }: DeclaredStream, at: number | null, now: number): at is number {
  return at !== null && (ageMs === null || at >= now - ageMs);
}
