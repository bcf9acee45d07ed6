/**
 * What event sources hand over, into the stream of a feed. What the store does not take comes again: a queue brings the messages that it
 * is told, a shard goes on at the first record that it is told, and an event is tried again where the function fails.
 */
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { isSourceFeed, type SourceFeed } from '../../feeds/aws/feed.ts';
import { readEvent } from '../../feeds/aws/read-event.ts';
import { itemsOfRecord } from '../../feeds/aws/to-items.ts';
import { createHandedNotes } from '../../feeds/handed/note.ts';
import { takeHanded } from '../../feeds/handed/take.ts';
import type { Deps } from '../../streams/deps.ts';
import { sharedScope } from '../../streams/scope.ts';
import type { BatchAnswer } from './queue-batch.ts';

interface RecordsHandler {
  take(event: unknown, requestId: string, deadline: number): Promise<BatchAnswer>;
}

/** What an instance is made of, as far as its records need it. */
interface RecordsInstance {
  deps: Deps;
  /** The name of the feed, as `TIDEGATE_FEED` says it. */
  feed: string | null;
}

/** Of each instance; it knows when the feed's state was noted last. */
const handlers = new WeakMap<RecordsInstance, RecordsHandler>();

/**
 * @param requestId of the invocation, where the platform says it
 * @param deadline epoch ms
 * @throws TidegateError `invalid_config` where no such feed is named; for an event that the feed's source does not send; and where no
 * part of an event may fail alone
 */
export async function takeRecords(
  instance: RecordsInstance,
  event: unknown,
  requestId: string | undefined,
  deadline: number,
): Promise<BatchAnswer> {
  const { deps, feed } = instance;
  const handler = handlers.get(instance) ?? createRecordsHandler(deps, feed);
  handlers.set(instance, handler);
  return handler.take(event, requestId ?? deps.runtime.newId(), deadline);
}

function createRecordsHandler(deps: Deps, name: string | null): RecordsHandler {
  const { declared, feed, stream } = feedNamed(deps, name);
  const scope = sharedScope(deps);
  const notes = createHandedNotes();
  return {
    async take(event, requestId, deadline) {
      const records = readEvent(feed.type, event, requestId);
      const handed = records.map((record) => itemsOfRecord(record, { stream, items: feed.items }));
      const taken = await takeHanded(scope, declared, handed, deadline);
      const { counts, error } = taken;
      const facts = { feed: declared.name, records: records.length, taken: taken.records, ...counts };
      deps.runtime.log(error === null ? 'info' : 'error', 'records', {
        ...facts,
        ...(error === null ? {} : { code: error.code, error: error.message }),
      });
      await notes.note(scope, declared, taken, deadline);
      const failed = records.slice(taken.records).map(({ identifier }) => identifier);
      if (error !== null && failed.includes(null)) throw error;
      const told = feed.type === 'kinesis' ? failed.slice(0, 1) : failed;
      return { batchItemFailures: told.flatMap((each) => (each === null ? [] : [{ itemIdentifier: each }])) };
    },
  };
}

function feedNamed({ app }: Deps, name: string | null): { declared: DeclaredFeed; feed: SourceFeed; stream: string } {
  const declared = app.feeds.get(name ?? '');
  const [target] = declared?.targets ?? [];
  if (declared && target && isSourceFeed(declared.feed)) {
    return { declared, feed: declared.feed, stream: target.stream };
  }
  const known = [...app.feeds.values()].flatMap((each) => (each.feed.handed ? [each.name] : []));
  const expected = knownName(name ?? '', known, 'feeds that event sources fill');
  throw new TidegateError('invalid_config', `TIDEGATE_FEED: expected ${expected}`, {
    field: 'TIDEGATE_FEED',
    expected,
  });
}
