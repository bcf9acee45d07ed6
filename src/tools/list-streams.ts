/**
 * `list_streams`: which streams there are, what their fields mean, and how fresh they are. A page has at most 20
 * streams. For each it reads the extent and, where there are keys, a few of them: at most 41 store calls a page, made
 * at the same time.
 */
import * as z from 'zod';
import { type Tool, tool } from '../declare/tool.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { feedStatus } from '../feeds/run/status.ts';
import { fieldsOf } from '../streams/fields.ts';
import { findStream } from '../streams/find-stream.ts';
import { readLatestByKey } from '../streams/log/read-latest.ts';
import { streamLog } from '../streams/log/stream-log.ts';
import { isoTime } from '../base/time/time-text.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { shortened } from '../base/text.ts';
import { describeStreams } from './describe.ts';
import { type FeedNote as Note, feedText, noteFrom } from './feed-note.ts';
import { FeedNoteShape, READ_ONLY, StreamName } from '../calls/schemas.ts';
import { ageText } from '../calls/short-lines.ts';
import type { Scope } from '../streams/scope.ts';

const PAGE_STREAMS = 20;
const EXAMPLE_KEYS = 5;

const Input = z.strictObject({
  stream: StreamName.optional().describe('Only this one'),
  after: z.string().max(64).optional().describe('`next` of the page before'),
});

const Field = z.object({
  name: z.string().describe('Path in data; what read_history takes as field, where it is a number'),
  type: z.string(),
  unit: z.string().optional(),
  description: z.string().optional(),
});

const Listed = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  uri: z.string().describe('Its resource'),
  keyed: z.boolean(),
  keys: z.array(z.string()).describe('Some of its keys'),
  moreKeys: z.boolean().describe('True: there are more; read_latest without key lists them'),
  fields: z.array(Field).describe('What the data of an event hold'),
  example: z.unknown().optional().describe('Data of an event'),
  events: z.number().describe('How many are kept now'),
  newestAt: z.number().nullable().describe('When the newest arrived, epoch ms'),
  retention: z
    .object({ events: z.number(), ageMs: z.number().nullable() })
    .describe('How many are kept at most, and how long'),
  zone: z.string().describe('Time zone of times that its source writes without one'),
  zoneAssumed: z.boolean().describe('True: such times came, and no zone is declared, so that they may be off by hours'),
  aheadMs: z.number().nullable().describe('How far ahead of the clock an event may lie; null: no bound'),
  latenessMs: z
    .number()
    .nullable()
    .describe('How late events come, as the app says: a hint. Ranges find them however late; null: no bound'),
  delivery: z
    .enum(['exactly-once', 'at-least-once'])
    .describe(
      'at-least-once: events have no id of their own, or the source repeats too many; now and then one stands twice',
    ),
  caveat: z.string().optional().describe('What is missing in the stream, where that is known'),
  feed: FeedNoteShape,
});

const Output = z.object({
  streams: z.array(Listed),
  next: z.string().nullable().describe('Give it as `after` for more; null: these were the last'),
  now: z.number().describe("The server's clock, epoch ms"),
});

export function listStreamsTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'Streams',
    description: [
      'What each stream of live data holds (fields, units), its keys, how much is kept, how fresh it is and how its feed is. Begin here where a field or key is not known.',
      describeStreams(app),
    ].join('\n'),
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const all = [...app.streams.values()];
      const wanted = input.stream === undefined ? all : [findStream(app, input.stream)];
      const begin = input.after === undefined ? 0 : wanted.indexOf(findStream(app, input.after)) + 1;
      const page = wanted.slice(begin, begin + PAGE_STREAMS);
      const notes = await notesOf(scope, page);
      const now = runtime.now();
      const streams = await Promise.all(
        page.map((stream) => list(scope, stream, notes.get(stream.feed ?? '') ?? NO_NOTE)),
      );
      const next = begin + PAGE_STREAMS < wanted.length ? (page.at(-1)?.name ?? null) : null;
      return {
        text: [
          ...streams.flatMap((listed) => summary(listed, now)),
          ...(next === null ? [] : [`More streams: after=${next}`]),
        ].join('\n'),
        structured: { streams, next, now },
      };
    },
  });
}

/** What is told of a feed. */
interface FeedTold {
  note: Note | null;
  /** Its streams whose times have no zone. */
  zoneless: readonly string[];
  /** Its streams of which the source repeats more than is looked through. */
  repeatsBeyond: readonly string[];
}

const NO_NOTE: FeedTold = { note: null, zoneless: [], repeatsBeyond: [] };

/** One store call for all feeds of the page. */
async function notesOf(scope: Scope, page: readonly DeclaredStream[]): Promise<Map<string, FeedTold>> {
  const names = [...new Set(page.flatMap(({ feed }) => (feed === null ? [] : [feed])))];
  if (names.length === 0) return new Map();
  const statuses = await feedStatus(scope, names);
  return new Map(
    statuses.map(({ feed: name, zoneless = [], repeatsBeyond, ...status }) => [
      name,
      { note: noteFrom(name, status), zoneless, repeatsBeyond },
    ]),
  );
}

async function list(
  scope: Scope,
  stream: DeclaredStream,
  { note, zoneless, repeatsBeyond }: FeedTold,
): Promise<z.input<typeof Listed>> {
  const { tenant } = scope;
  const { name, title, description, keyed, retention, latenessMs, aheadMs, example, caveat } = stream;
  const [extent, keys] = await Promise.all([
    scope.store.extent(streamLog(tenant, name)),
    keyed ? readLatestByKey(scope, name, { after: null, limit: EXAMPLE_KEYS }) : { events: [], next: null },
  ]);
  const isExact = stream.identified && caveat === undefined && !repeatsBeyond.includes(name);
  return {
    name,
    title,
    description,
    uri: `stream://${name}`,
    keyed,
    keys: keys.events.flatMap(({ key }) => (key === undefined ? [] : [key])),
    moreKeys: keys.next !== null,
    fields: fieldsOf(stream),
    ...(example === undefined ? {} : { example }),
    events: extent.count,
    newestAt: extent.newestAt,
    retention,
    zone: stream.zone ?? 'UTC',
    zoneAssumed: zoneless.includes(name),
    aheadMs: Number.isFinite(aheadMs) ? aheadMs : null,
    latenessMs: Number.isFinite(latenessMs) ? latenessMs : null,
    delivery: isExact ? 'exactly-once' : 'at-least-once',
    ...(caveat === undefined ? {} : { caveat }),
    feed: note,
  };
}

function summary(listed: z.input<typeof Listed>, now: number): string[] {
  const { name, description, events, newestAt, keys, moreKeys, fields } = listed;
  const age = newestAt === null ? 'none yet' : `newest arrived ${isoTime(newestAt)} (${ageText(now - newestAt)} ago)`;
  const units = fields.map((field) => (field.unit === undefined ? field.name : `${field.name} [${field.unit}]`));
  return [
    `${name}: ${shortened(description, 160)}`,
    `  ${events} events, ${age}`,
    ...(keys.length > 0 ? [`  keys: ${keys.map((key) => shortened(key, 40)).join(', ')}${moreKeys ? ', …' : ''}`] : []),
    `  fields: ${shortened(units.join(', '), 400)}`,
    ...(listed.caveat === undefined ? [] : [`  ${listed.caveat}`]),
    ...(listed.zoneAssumed ? ['  Its times come without a zone and are read as UTC: an assumption.'] : []),
    ...feedText(listed.feed, now).map((line) => `  ${line}`),
  ];
}
