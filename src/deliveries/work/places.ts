/**
 * The logs that have subscribers. Each has a record that comes due now and then, so a schedule asks once for all that there are to
 * follow, whosever they are. Whoever subscribes puts it; who follows puts it off, or deletes it where nobody subscribes any more.
 */
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { commitSurely } from '../../store/commit.ts';
import { workOnEachDue } from '../../store/due.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import { isPresent, type Operation, type Put, type Reading, type RecordKey } from '../../store/store.ts';
import { scopeOfLogs } from '../../streams/scope.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { OUTBOX_QUEUE, placeOfOutbox } from '../records/names.ts';
import { outboxMark } from '../records/subscribed.ts';
import { followOutbox, type OutboxReport } from './outbox.ts';
import { sourcesIn } from './rights.ts';

/** Where somebody has subscribed, the log is followed again after this by whoever is called then, ms. */
const FOLLOWED_AGAIN_MS = 30_000;
const SETTLE_MS = 10_000;
/** What is logged of a log that is put off. */
export const NOT_FOLLOWED = 'a log that has subscribers is not followed; it is tried again';

/** The logs of all sources, by name. */
export function sourceLogs(app: App): ReadonlyMap<string, DeclaredStream> {
  return new Map([...sourcesIn(app).values()].map(({ stream }) => [stream.name, stream]));
}

/** Written in the commit that subscribes, always anew: who found nobody before then deletes nothing. */
export function noteOutbox(reading: Reading, now: number): Put {
  return outboxMark.replace(reading, 1, { due: { queue: OUTBOX_QUEUE, at: now + FOLLOWED_AGAIN_MS } });
}

export interface FollowedOutboxes extends Pick<OutboxReport, 'woken'> {
  /** The time was over before all was followed. */
  more: boolean;
}

/**
 * Follows the logs that are due. One store call where none is. A log that cannot be followed is put off and keeps no other back.
 * Errors as the store's, where what is due cannot be read.
 */
export async function followDueOutboxes(deps: DeliveryDeps, deadline: number): Promise<FollowedOutboxes> {
  const { store, runtime, app } = deps;
  const report: FollowedOutboxes = { woken: [], more: false };
  const now = runtime.now();
  const due = await store.due(OUTBOX_QUEUE, { now, limit: DUE_LIMIT, from: Math.floor(runtime.random() * 16) });
  const logs = sourceLogs(app);
  async function followMarked({ partition, id }: RecordKey): Promise<void> {
    const reading = await store.get({ partition, id }, runtime.now());
    if (!isPresent(reading)) return;
    // A mark of a newer release is that release's to delete: this throws.
    outboxMark.read(reading);
    const stream = logs.get(id);
    const scope = scopeOfLogs(deps, { tenant: placeOfOutbox(reading) });
    const followed = stream === undefined ? null : await followOutbox(scope, stream, deadline);
    report.woken.push(...(followed?.woken ?? []));
    report.more ||= followed?.caughtUp === false;
    // What this release does not know is another's to follow.
    const isOver = followed?.subscribed === false;
    const { version } = reading;
    const next: Operation = isOver
      ? { kind: 'delete', partition, id, expects: version }
      : noteOutbox(reading, runtime.now());
    // After a conflict somebody has subscribed, or has followed it too.
    await commitSurely(runtime, store, [next], runtime.now() + SETTLE_MS);
  }
  const { more } = await workOnEachDue(deps, due, deadline, NOT_FOLLOWED, followMarked);
  return { ...report, more: report.more || more };
}
