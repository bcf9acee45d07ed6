/**
 * Appends one event that somebody publishes (a tool, a push), beside the feeds. Where the stream's events have ids, an
 * id that stands among the newest `dedupe` ones is answered with the event that stands there and nothing is written;
 * publishers are fenced by a record, which they and the stream's feed move on with each append: of those that bring the
 * same id at once one appends.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { commitSurely } from '../../store/commit.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, Operation } from '../../store/store.ts';
import { type RawEvent, validateEvent } from './append.ts';
import type { Deps } from '../deps.ts';
import { projectLatest } from './latest.ts';
import { publisherKey, streamLog } from '../names.ts';
import type { Scope } from '../scope.ts';

/** Publishers that race for one stream of identified events, at most this often. */
const MOST_CONFLICTS = 20;

export interface Published {
  event: LoggedEvent;
  /** Its id and revision stood there already. */
  duplicate: boolean;
}

/**
 * Answers when the event is durable. Bringing the latest events up to date comes after that: a failure there is logged
 * and mended by whoever follows next.
 * @param deadline epoch ms
 * @throws TidegateError `invalid_input` with the field; `store_unavailable`, `store_unknown`.
 */
export async function publish(
  scope: Scope,
  stream: DeclaredStream,
  raw: RawEvent,
  deadline: number,
): Promise<Published> {
  const { runtime } = scope;
  const validated = validateEvent(stream, raw, { receivedAt: runtime.now(), newId: () => runtime.newId() });
  if (!validated.ok) {
    const { field, expected } = validated;
    throw new TidegateError('invalid_input', `${field} is wrong: ${expected}`, { field, expected });
  }
  const standing = await append(scope, stream, validated.event, deadline);
  if (standing !== null) return { event: standing, duplicate: true };
  await followUp(scope, stream, deadline);
  return { event: validated.event, duplicate: false };
}

/** What follows an append that is durable; that it fails is logged, since the next to follow mends it. */
export async function followUp(scope: Scope, stream: DeclaredStream, deadline: number): Promise<void> {
  const { tenant } = scope;
  scope.changed?.(tenant, stream.name);
  try {
    await projectLatest(scope, stream, { deadline });
  } catch (error) {
    const { code, message } = asTidegateError(error);
    scope.runtime.log('warn', 'the latest events of a stream are behind its log', {
      stream: stream.name,
      code,
      message,
    });
  }
}

/** Null when it was appended, else the event of the same id and revision that stands there. */
async function append(
  { store, runtime, tenant }: Scope,
  stream: DeclaredStream,
  event: LoggedEvent,
  deadline: number,
): Promise<LoggedEvent | null> {
  const log = streamLog(tenant, stream.name);
  const operations: Operation[] = [{ kind: 'append', log, entries: [event] }];
  if (!stream.identified) {
    await commitSurely(runtime, store, operations, deadline);
    return null;
  }
  const fence = publisherKey(tenant, stream.name);
  for (let attempt = 0; attempt < MOST_CONFLICTS; attempt += 1) {
    const { version } = await store.get(fence, runtime.now());
    const standing = await findEvent({ store }, log, event, stream.dedupe);
    if (standing !== null) return standing;
    const put: Operation = { kind: 'put', ...fence, value: { id: event.id }, expects: version };
    const result = await commitSurely(runtime, store, [put, ...operations], deadline);
    if (result.status === 'committed') return null;
  }
  throw new TidegateError('store_unavailable', `too many publish to the stream ${stream.name} at once`, {
    retryAfterMs: 1_000,
  });
}

async function findEvent(
  { store }: Pick<Deps, 'store'>,
  log: string,
  { id, revision }: LoggedEvent,
  size: number,
): Promise<LoggedEvent | null> {
  let before: Cursor | null = null;
  for (let missing = size; missing > 0;) {
    const page = await store.last(log, Math.min(missing, READ_LIMIT), before);
    for (const { value } of page.entries) {
      const standing = value as LoggedEvent;
      if (standing.id === id && standing.revision === revision) return standing;
    }
    missing -= page.entries.length;
    if (page.entries.length === 0 || page.start === before || page.truncated) return null;
    before = page.start;
  }
  return null;
}
