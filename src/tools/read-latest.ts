/**
 * `read_latest`: the latest event of a stream or of each key. One store call, which reads the state of the feed too
 * where a key is given; a second one where there is nothing, to say why.
 */
import * as z from 'zod';
import { type Tool, tool } from '../declare/tool.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';
import { durationText, isoTime } from '../base/time/time-text.ts';
import type { StreamEvent } from '../base/event.ts';
import { findStream, withoutKeys } from '../streams/find-stream.ts';
import { readLatestByKey, readLatestOf } from '../streams/log/read-latest.ts';
import { latestAgeMs } from '../streams/log/latest.ts';
import { streamLog, toStreamEvent } from '../streams/log/stream-log.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { exampleCall } from './describe.ts';
import { type FeedNote as Note, feedText, noteKey, noteOf, unreadNote } from './feed-note.ts';
import { Event, FeedNoteOutline, Key, READ_ONLY, StreamName } from '../calls/schemas.ts';
import { agoText, eventLine, shownEvent } from '../calls/short-lines.ts';
import { bothHalves, createPage, roomFor } from '../calls/halves.ts';
import { callsTo, type NextCall, NextCalls } from '../calls/next-call.ts';
import { ofStream, type Scope } from '../streams/scope.ts';
import { jsonText } from '../base/plain.ts';

const DEFAULT_KEYS = 50;
const MOST_KEYS = 500;

const Input = z.strictObject({
  stream: StreamName,
  key: Key.optional().describe('Only the latest event of this key'),
  limit: z
    .int()
    .min(1)
    .max(MOST_KEYS)
    .optional()
    .describe(`Most keys. Default: what fits 25 KB, at most ${DEFAULT_KEYS}`),
  after: Key.optional().describe('`next` of the page before'),
});

const Output = z.object({
  stream: z.string(),
  events: z.array(
    Event.extend({ ageMs: z.number().describe('How long ago it happened; negative: it lies ahead of the clock') }),
  ),
  next: z.string().nullable().describe('Give it as `after` for more keys; null: there are no more'),
  feed: FeedNoteOutline,
  nextCalls: NextCalls,
  hint: z.string().optional().describe('What to try, where there is nothing'),
});

interface Latest {
  events: StreamEvent[];
  next: string | null;
  feed: Note | null;
}

export function readLatestTool({ app, runtime }: AppDeps): Tool {
  const { read_latest: own, read_history: history } = app.toolNames;
  return tool({
    title: 'Latest events',
    description: [
      `What holds now: the latest event of a stream, of one key, or of each key. Of forecasts it is the one furthest ahead${history === null ? '' : `; for a moment or range use ${history}`}.`,
      `Example: ${exampleCall(app, 'latest')}`,
    ].join('\n'),
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const stream = findStream(app, input.stream);
      if (!stream.keyed && (input.key ?? input.after) !== undefined) {
        throw withoutKeys(stream, input.key === undefined ? 'after' : 'key');
      }
      if (input.key !== undefined && input.after !== undefined) throw keyAndAfter();
      const now = runtime.now();
      const single = input.key !== undefined || !stream.keyed;
      const latest = single
        ? await readOne(scope, stream, input.key ?? null, now)
        : await readEach(scope, stream, input.after ?? null, input.limit ?? DEFAULT_KEYS);
      const room = roomFor(input.limit !== undefined, app.results.bytes, input);
      const page = createPage(room, (event: StreamEvent) => latestRow(event, stream, now));
      for (const event of latest.events) if (!page.take(event)) break;
      const { length } = page.rows;
      const next = length < latest.events.length ? (latest.events[length - 1]?.key ?? null) : latest.next;
      const nothing = length > 0 || next !== null ? null : await whyNothing(scope, stream, input, now);
      const more = next === null ? [] : callsTo('More keys', own, { ...input, after: next });
      return bothHalves<z.input<typeof Output>>({
        before: [],
        name: 'events',
        rows: page.rows,
        after: [...(nothing === null ? [] : [nothing.hint]), ...feedText(latest.feed, now)],
        calls: nothing?.calls ?? more,
        structured: { stream: stream.name, next, feed: latest.feed, ...(nothing && { hint: nothing.hint }) },
      });
    },
  });
}

function latestRow(event: StreamEvent, { identified }: DeclaredStream, now: number) {
  const ageMs = now - event.time;
  const shown = shownEvent(event);
  return { line: `${eventLine(event, identified, shown.at)} (${agoText(ageMs)})`, items: [{ ...shown, ageMs }] };
}

/** One call reads the records of the key and of the feed. */
async function readOne(scope: Scope, stream: DeclaredStream, key: string | null, now: number): Promise<Latest> {
  const place = ofStream(scope, stream);
  const feed = noteKey(scope, stream);
  const { events, others } = await readLatestOf(place, stream.name, [key], feed === null ? [] : [feed]);
  return {
    events: events.map((event) => toStreamEvent(stream.name, event)),
    next: null,
    feed: others[0] === undefined ? null : noteOf(scope, stream, others[0], now),
  };
}

async function readEach(scope: Scope, stream: DeclaredStream, after: string | null, limit: number): Promise<Latest> {
  const page = await readLatestByKey(ofStream(scope, stream), stream.name, { after, limit });
  return { ...page, feed: unreadNote(stream) };
}

function keyAndAfter(): TidegateError {
  return new TidegateError('invalid_input', 'a key and a page of keys are two questions', {
    field: 'after',
    expected: 'to be left out, because key is given',
  });
}

/** Why there is nothing, and the calls that look further. One store call more, to tell what never came from what is gone. */
async function whyNothing(
  scope: Scope,
  stream: DeclaredStream,
  { key, after }: z.output<typeof Input>,
  now: number,
): Promise<{ hint: string; calls: NextCall[] }> {
  const { name } = stream;
  const { toolNames } = scope.app;
  if (after !== undefined) return { hint: 'No keys after that one.', calls: [] };
  const { newestAt } = await scope.store.extent(streamLog(ofStream(scope, stream).tenant, name));
  const ageMs = latestAgeMs(stream);
  const kept = ageMs === null ? '' : ` A latest event is kept for ${durationText(ageMs)} after it arrived.`;
  const ofKey = key === undefined ? {} : { keys: [key] };
  const older =
    newestAt === null ? [] : callsTo('What is still kept', toolNames.read_history, { stream: name, ...ofKey });
  if (key !== undefined) {
    const hint = `No event of key ${jsonText(key)}. Keys are case-sensitive.${newestAt === null ? '' : kept}`;
    return { hint, calls: [...callsTo('All keys', toolNames.read_latest, { stream: name }), ...older] };
  }
  if (newestAt === null) {
    return {
      hint: `${name} has no events yet.`,
      calls: callsTo('About the stream', toolNames.list_streams, { stream: name }),
    };
  }
  const last = `The newest entry of ${name} arrived ${isoTime(newestAt)} (${agoText(now - newestAt)})`;
  return { hint: `${last}, and no latest event stands.${kept}`, calls: older };
}
