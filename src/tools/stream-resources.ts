/**
 * The built-in resources, as JSON: `stream://{name}` (its newest events), `stream://{name}/{key}` (the latest event of
 * a key), `feed://{name}` (its state and newest dead letters) and `feed://{name}/{before}` (older ones). Times are as in the answers of the tools. Every read says how long
 * a client may keep it. Lists show streams and feeds; keys are found by completion.
 */
import { MOST_VALUES } from '../declare/completers.ts';
import { type Resource, resource } from '../declare/resource.ts';
import type { ResourceContents } from '../declare/content.ts';
import type { App } from '../declare/app.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';
import { jsonBytes } from '../base/json.ts';
import type { StreamEvent } from '../base/event.ts';
import { isoTime } from '../base/time/time-text.ts';
import { type DeadLetter, type DeadLetterPage, readDeadLetters } from '../feeds/records/dead-letters.ts';
import type { WentBack } from '../feeds/records/state.ts';
import { type FeedStatus, feedStatus } from '../feeds/records/status.ts';
import { feedUri } from '../feeds/records/told.ts';
import { fieldsOf } from '../streams/fields.ts';
import { findStream } from '../streams/find-stream.ts';
import { type HistoryPage, readHistory } from '../streams/history/events.ts';
import { ofStream } from '../streams/scope.ts';
import { readKeys, readLatest } from '../streams/log/read-latest.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { createPage, roomFor } from '../calls/halves.ts';
import { callsTo, type NextCall } from '../calls/next-call.ts';
import { eventRow, shownEvent } from '../calls/short-lines.ts';
import { readNote } from './feed-note.ts';
import { jsonDocument } from '../base/plain.ts';

const NEWEST_EVENTS = 50;
const MOST_DEAD_LETTERS = 20;
/** Of a page of dead letters, beside the state of the feed. */
const LETTERS_BYTES = 20_000;
/** Most keyed streams whose keys are read while no stream is chosen yet, one call each. */
const STREAMS_ASKED = 10;
/** Private, because what a stream holds belongs to the caller's tenant. */
const CACHE = { ttlMs: 1_000, cacheScope: 'private' } as const;
const JSON_TYPE = 'application/json';
/** JSON is for models, which explain it to people. */
const FOR_MODELS = { audience: ['assistant' as const] };

export function streamResources(deps: AppDeps): Record<string, Resource> {
  return {
    ...(deps.app.streams.size > 0 ? { stream: streamResource(deps), stream_key: keyResource(deps) } : {}),
    ...(deps.app.feeds.size > 0 ? { feed: feedResource(deps), feed_letters: lettersResource(deps) } : {}),
  };
}

/** Two calls to the store, side by side. */
function streamResource(deps: AppDeps): Resource {
  const { app } = deps;
  return resource({
    uri: 'stream://{name}',
    title: 'Stream',
    description: `A stream: what its fields mean, its ${NEWEST_EVENTS} newest events, how its feed is, and a cursor from which a tail goes on`,
    mimeType: JSON_TYPE,
    annotations: FOR_MODELS,
    cache: CACHE,
    changes: ({ name }) => (app.streams.has(name) ? [{ stream: name }] : null),
    async read({ name }, context) {
      const { uri } = context;
      const scope = accounted(deps, context);
      const stream = findStream(app, name);
      const shown = createPage(roomFor(false, app.results.bytes, {}), (event: StreamEvent) => eventRow(event, false));
      const [page, feed] = await Promise.all([
        readHistory(scope, stream, { limit: NEWEST_EVENTS }, { take: shown.take }),
        readNote(scope, stream),
      ]);
      const { title, description, keyed } = stream;
      const { tailCursor, cursor } = page;
      const events = shown.rows.flatMap(({ items }) => items);
      const about = { name, title, description, keyed, fields: fieldsOf(stream) };
      return json(uri, { ...about, events, tailCursor, cursor, nextCalls: callsAfter(app, name, page), feed });
    },
    list: async () =>
      [...app.streams.values()].map(({ name, title, description }) => ({
        uri: `stream://${encodeURIComponent(name)}`,
        name: `stream ${name}`,
        title,
        description,
      })),
    complete: { name: async (value) => beginningWith(value, app.streams.keys()) },
  });
}

/** One call to the store. */
function keyResource(deps: AppDeps): Resource {
  const { app } = deps;
  return resource({
    uri: 'stream://{name}/{key}',
    dotSegments: true,
    title: 'Latest of a key',
    description: 'The latest event of a key of a stream',
    mimeType: JSON_TYPE,
    annotations: FOR_MODELS,
    cache: CACHE,
    changes: ({ name, key }) => (app.streams.get(name)?.keyed === true ? [{ stream: name, key }] : null),
    async read({ name, key }, context) {
      const stream = findStream(app, name);
      const event = stream.keyed ? await readLatest(ofStream(accounted(deps, context), stream), name, key) : null;
      if (event === null) throw unknownKey(stream, key);
      return json(context.uri, shownEvent(event));
    },
    complete: {
      name: async (value) => beginningWith(value, keyedNames(app.streams.values())),
      key: async (value, context, chosen) => {
        const scope = accounted(deps, context);
        const named = app.streams.get(chosen?.['name'] ?? '');
        if (named && !named.keyed) return [];
        const keyed = [...app.streams.values()].filter((stream) => stream.keyed);
        const asked = named ? [named] : keyed.slice(0, STREAMS_ASKED);
        const page = { prefix: value, limit: MOST_VALUES };
        const found = await Promise.all(asked.map((stream) => readKeys(ofStream(scope, stream), stream.name, page)));
        return {
          values: [...new Set(found.flatMap(({ values }) => values))],
          hasMore: found.some(({ hasMore }) => hasMore),
        };
      },
    },
  });
}

/** Two calls to the store, side by side. */
function feedResource(deps: AppDeps): Resource {
  const { app } = deps;
  return resource({
    uri: 'feed://{name}',
    title: 'Feed',
    description:
      'How a feed is: state, lag, last error, counts, and the newest of what it could not deliver, each with its reason',
    mimeType: JSON_TYPE,
    annotations: FOR_MODELS,
    cache: CACHE,
    // Hints name each feed that is otherwise than before.
    changes: ({ name }) => (app.feeds.has(name) ? [] : null),
    async read({ name }, context) {
      const scope = accounted(deps, context);
      const [[status], page] = await Promise.all([
        feedStatus(scope, [name]),
        readDeadLetters(scope, name, { limit: MOST_DEAD_LETTERS }),
      ]);
      if (status === undefined) throw new TidegateError('internal', `the feed ${name} has no status`);
      const { letters, earlier } = newestOf(name, page);
      return json(context.uri, { ...shownStatus(status), recentDeadLetters: letters, earlier });
    },
    list: async () => [...app.feeds.keys()].map((name) => ({ uri: feedUri(name), name: `feed ${name}` })),
    complete: { name: async (value) => beginningWith(value, app.feeds.keys()) },
  });
}

/** One call to the store. */
function lettersResource(deps: AppDeps): Resource {
  return resource({
    uri: 'feed://{name}/{before}',
    title: 'Dead letters of a feed',
    description: 'What a feed could not deliver earlier: `earlier` of feed://{name} and of each page has the whole URI',
    mimeType: JSON_TYPE,
    annotations: FOR_MODELS,
    cache: CACHE,
    async read({ name, before }, context) {
      const page = await readDeadLetters(accounted(deps, context), name, { before, limit: MOST_DEAD_LETTERS });
      const { letters, earlier } = newestOf(name, page);
      const { truncated } = page;
      return json(context.uri, { feed: name, deadLetters: letters, earlier, ...(truncated ? { truncated } : {}) });
    },
  });
}

/** As many of the newest as fit an answer, the oldest of them first, and the URI that reads on; null: these were the first. */
function newestOf(name: string, { deadLetters, before }: DeadLetterPage) {
  const letters = deadLetters.map(shownLetter);
  let from = letters.length;
  for (let bytes = 0; from > 0; from -= 1) {
    bytes += jsonBytes(letters[from - 1]);
    if (bytes > LETTERS_BYTES && from < letters.length) break;
  }
  const cursor = before(from);
  return {
    letters: letters.slice(from),
    earlier: cursor === null ? null : `${feedUri(name)}/${encodeURIComponent(cursor)}`,
  };
}

/** Where the newest events do not fit: the call that reads on. And the one that waits for more. */
function callsAfter({ toolNames }: App, stream: string, { cursor, tailCursor }: HistoryPage): NextCall[] {
  return [
    ...(cursor === null ? [] : callsTo('Next page', toolNames.read_history, { stream, cursor })),
    ...(tailCursor === null ? [] : callsTo('What comes after', toolNames.tail_stream, { stream, cursor: tailCursor })),
  ];
}

function shownStatus({ lastError, rejected, lastSuccessAt, nextAt, wentBack, ...status }: FeedStatus) {
  return {
    ...status,
    lastError: lastError && { ...lastError, at: isoTime(lastError.at) },
    rejected: rejected && { ...rejected, at: isoTime(rejected.at) },
    lastSuccessAt: lastSuccessAt === null ? null : isoTime(lastSuccessAt),
    nextAt: isoTime(nextAt),
    ...(wentBack === undefined ? {} : { wentBack: shownBack(wentBack) }),
  };
}

function shownBack({ at, from, to }: WentBack) {
  return { at: isoTime(at), from: from === null ? null : isoTime(from), to: isoTime(to) };
}

/** `time` is that of the item, where its transport knows one. */
function shownLetter({ time, at, ...letter }: DeadLetter) {
  return { ...letter, ...(time === undefined ? {} : { time: isoTime(time) }), at: isoTime(at) };
}

function keyedNames(streams: Iterable<DeclaredStream>): string[] {
  return [...streams].filter(({ keyed }) => keyed).map(({ name }) => name);
}

function beginningWith(value: string, names: Iterable<string>): string[] {
  return [...names].filter((name) => name.startsWith(value));
}

function json(uri: string, value: object): ResourceContents[] {
  return [{ uri, mimeType: JSON_TYPE, text: jsonDocument(value) }];
}

function unknownKey(stream: DeclaredStream, key: string): TidegateError {
  return new TidegateError('not_found', `${stream.name} has no latest event of key ${JSON.stringify(key)}`, {
    field: 'uri',
    expected: stream.keyed ? 'a key that the stream has' : `stream://${stream.name}: its events have no keys`,
  });
}
