/**
 * `tail_stream`: the events from now on, or after a cursor, as soon as there are some. Where the
 * client gave a progress token, each new page of events is sent at once as a progress message. The answer has all of
 * them anyway.
 */
import * as z from 'zod';
import { type Tool, tool } from '../declare/tool.ts';
import { findStream, withoutKeys } from '../streams/find-stream.ts';
import { checkWhere, meantWhere } from '../streams/ranges/where.ts';
import { listedWhere, whereAsText } from './condition-input.ts';
import { MOST_KEYS } from '../streams/ranges/range.ts';
import {
  DEFAULT_SETTLE_MS,
  DEFAULT_TAIL_EVENTS,
  DEFAULT_TAIL_MS,
  LONGEST_TAIL_MS,
  MOST_TAIL_EVENTS,
  tailStream,
} from '../streams/history/tail.ts';
import { accounted, type AppDeps, workOf } from '../calls/context.ts';
import { feedText, readNote } from './feed-note.ts';
import { CursorText, Event, FeedNoteOutline, Key, Notes, READ_ONLY, StreamName } from '../calls/schemas.ts';
import { eventRow } from '../calls/short-lines.ts';
import { bothHalves, createPage, roomFor } from '../calls/halves.ts';
import { callsTo, NextCalls } from '../calls/next-call.ts';
import type { StreamEvent } from '../base/event.ts';
import { inLines } from '../base/plain.ts';
import { unheardKeyNotes } from './unknown-keys.ts';

/** What a character of an event takes while a tail waits: the event, its line, its row. */
const HELD_BYTES = 4;

/** What a reader is told who knows of events that a restore took back. */
const ANEW =
  'Truncated: the store went back to an earlier state (a restore). These events begin at the oldest that it has.';

const Input = z.strictObject({
  stream: StreamName,
  cursor: CursorText.optional().describe(
    '`cursor` of the tail before, or `tailCursor` of a history: nothing is missed. Default: from now on',
  ),
  maxEvents: z
    .int()
    .min(1)
    .max(MOST_TAIL_EVENTS)
    .optional()
    .describe(`Answer once there are so many. Default: ${DEFAULT_TAIL_EVENTS}, or what fits 25 KB`),
  seconds: z
    .number()
    .min(0)
    .max(LONGEST_TAIL_MS / 1_000, { error: `Expected seconds, at most ${LONGEST_TAIL_MS / 1_000}` })
    .default(DEFAULT_TAIL_MS / 1_000)
    .describe(`Longest wait, default ${DEFAULT_TAIL_MS / 1_000}; 0: what is there already`),
  settleSeconds: z
    .number()
    .min(0)
    .max(LONGEST_TAIL_MS / 1_000)
    .default(DEFAULT_SETTLE_MS / 1_000)
    .describe(`Once events came, wait so long for more, default ${DEFAULT_SETTLE_MS / 1_000}`),
  keys: z.array(Key).min(1).max(MOST_KEYS).optional().describe('Only events of these keys'),
  where: whereAsText(),
});

const Output = z.object({
  stream: z.string(),
  events: z.array(Event).describe('Oldest first'),
  cursor: z.string().describe('Give it to the next call: nothing is missed, nothing comes twice'),
  truncated: z
    .boolean()
    .describe('True: events after the given cursor are gone, by retention, or the store went back to an earlier state'),
  ended: z
    .enum(['count', 'settled', 'time', 'cancelled'])
    .describe('count: as many as asked for or as fit, more may wait already; settled: events came; time: none did'),
  notes: Notes,
  nextCalls: NextCalls,
  feed: FeedNoteOutline,
});

export function tailStreamTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'Tail',
    description: [
      'Waits some seconds for new events of a stream. Call it again with its cursor to go on. Empty: none came.',
    ].join('\n'),
    input: Input,
    output: Output,
    annotations: { ...READ_ONLY, idempotentHint: false },
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const stream = findStream(app, input.stream);
      if (input.keys && !stream.keyed) throw withoutKeys(stream, 'keys');
      const { cursor, maxEvents, seconds, settleSeconds, keys } = input;
      const where = input.where && meantWhere(stream, input.where);
      if (where !== undefined) checkWhere(stream, where);
      const room = roomFor(maxEvents !== undefined, app.results.bytes, input);
      const page = createPage(room, (event: StreamEvent) => eventRow(event, stream.identified));
      let told = 0;
      const {
        storeCalls: _calls,
        anew,
        events: _events,
        ...tail
      } = await tailStream(scope, stream, {
        cursor: cursor ?? null,
        maxEvents: maxEvents ?? DEFAULT_TAIL_EVENTS,
        timeoutMs: seconds * 1_000,
        settleMs: settleSeconds * 1_000,
        signal: context.signal,
        deadline: context.deadline,
        keys: keys ? new Set(keys) : null,
        ...(where === undefined ? {} : { where }),
        take: page.take,
        rest: (characters) => workOf(context).rest(HELD_BYTES * characters),
        onEvents(events) {
          const shown = page.rows.slice(told, told + events.length).map(({ line }) => line);
          told += events.length;
          context.progress(told, maxEvents ?? DEFAULT_TAIL_EVENTS, inLines(shown));
        },
      });
      const rows = page.rows.flatMap(({ items }) => items);
      const [feed, notes] = await Promise.all([
        readNote(scope, stream),
        keys === undefined ? [] : unheardKeyNotes(scope, stream, keys, rows),
      ]);
      const nothing = page.rows.length === 0 ? [`No new events of ${stream.name}.`] : [];
      const gone = tail.truncated
        ? [anew ? ANEW : 'Truncated: events after the given cursor are gone by retention.']
        : [];
      return bothHalves<z.input<typeof Output>>({
        before: [],
        name: 'events',
        rows: page.rows,
        after: [...nothing, ...gone, ...notes, ...feedText(feed, runtime.now())],
        calls: callsTo('What comes after', app.toolNames.tail_stream, {
          ...input,
          ...(where === undefined ? {} : { where: listedWhere(where) }),
          cursor: tail.cursor,
        }),
        structured: { stream: stream.name, ...tail, ...(notes.length === 0 ? {} : { notes }), feed },
      });
    },
  });
}
