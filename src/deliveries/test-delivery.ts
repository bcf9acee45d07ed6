/** A test of the way to a receiver: the newest event that is selected, or an empty one, under an id of its own. It counts for nothing. */
import { TidegateError } from '../base/errors.ts';
import { besides, obey } from '../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { encodeTailCursor } from '../streams/log/tail-cursor.ts';
import { ofStream, scopeOf } from '../streams/scope.ts';
import type { DeliveryDeps } from './records/deps.ts';
import type { SubscriptionName } from './records/names.ts';
import type { Subscribed } from './records/subscribed.ts';
import { allowedNow } from './work/rights.ts';
import { openTarget } from './records/secrets.ts';
import { sendEvent } from './send/send.ts';
import type { DeliveryAttempt } from './records/subscription.ts';

const LOOKED_AT = 100;

/** Two store calls, and as long as the receiver takes. @throws TidegateError `not_found` for what may not be had any more */
export async function sendTest(
  deps: DeliveryDeps,
  name: SubscriptionName,
  definition: Subscribed,
  deadline: number,
): Promise<DeliveryAttempt> {
  const { runtime, store } = deps;
  const allowed = await allowedNow(deps, definition);
  if (allowed.kind !== 'allowed') {
    throw new TidegateError('not_found', `There is no event ${definition.source}`, { field: 'id' });
  }
  const { principal, selection } = allowed;
  const { stream } = selection.source;
  const scope = ofStream(scopeOf(deps, name), stream);
  const page = obey(
    await store.last(streamLog(scope.tenant, stream.name), LOOKED_AT, null, besides(scope, stream.name)),
  );
  const newest = page.entries.toReversed().map((entry) => selection.occurrenceOf(loggedEvent.read(entry)));
  const now = runtime.now();
  const empty = { name: definition.source, timestamp: new Date(now).toISOString(), data: {} };
  const occurrence = { ...(newest.find((one) => one !== null) ?? empty), eventId: `test_${runtime.newId()}` };
  const opened = await openTarget(deps.sealer, name, definition, now);
  if (opened === null) {
    throw new TidegateError('invalid_config', 'the secret of the webhook cannot be opened any more', {
      field: 'TIDEGATE_SECRET',
      expected: 'the secret with which it was sealed, or a refresh of the subscription',
    });
  }
  const to = { name, principal, ...opened };
  const cursor = encodeTailCursor(stream.name, page.cursor);
  if (deadline <= now) throw new TidegateError('cancelled', 'there is no time left to send a test');
  const { outcome, ms, why } = await sendEvent(deps, to, selection.source, occurrence, cursor, true);
  return {
    at: now,
    eventId: occurrence.eventId,
    attempt: 1,
    outcome: outcome === 'too_large' ? 'refused' : outcome,
    ms,
    ...(why === undefined ? {} : { why }),
  };
}
