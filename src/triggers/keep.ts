/**
 * Keeps the logs of occurrences within their retention, and takes out of them what is removed from the streams: occurrences of a
 * key, or of a range of time, and those that an event made whose id is removed. Errors are logged, and a later call tries again.
 */
import { asTidegateError } from '../base/errors.ts';
import { sureTime } from '../store/clock-seen.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { DeclaredTrigger, OccurrenceData } from '../declare/trigger.ts';
import type { LoggedEvent } from '../base/event.ts';
import { isOf, type Removed } from '../streams/log/removals.ts';
import { trimStream } from '../streams/log/retention.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { removeEvents } from '../streams/removing/remove.ts';
import { scopeOfLogs, type Scope, type StreamScope } from '../streams/scope.ts';

const TRIM_MS = 5_000;
/** One storing in so many trims the log. */
const TRIM_EVERY = 50;
/** Occurrences that are looked at for an event that is removed, the newest. */
const MOST_LOOKED_AT = 5_000;

export function isToTrim(random: number, occurrences: number): boolean {
  return random * TRIM_EVERY < occurrences;
}

export async function trimOccurrences(scope: Scope, { name, log }: DeclaredTrigger): Promise<void> {
  const { runtime } = scope;
  try {
    await trimStream(scopeOfLogs(scope, scope), log, runtime.now() + TRIM_MS, await sureTime(scope));
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'the log of a trigger is not trimmed', { trigger: name, code, message });
  }
}

/** An occurrence that is removed. */
export type RemovedOccurrence = Pick<LoggedEvent, 'id' | 'key' | 'time'>;

/**
 * Takes what is removed out of what follows the log of a trigger, such as its alarms. It may be called again for the same.
 * @param occurrences those that are removed beside what `what` names by itself
 */
export type RemoveBehind = (
  scope: StreamScope,
  trigger: DeclaredTrigger,
  what: Removed,
  occurrences: readonly RemovedOccurrence[],
  deadline: number,
) => Promise<void>;

/** To be done before the removal is passed in the stream's log, so that it is done again where a process ends in between. */
export async function removeOccurrences(
  scope: Scope,
  trigger: DeclaredTrigger,
  what: Removed,
  deadline: number,
  removeBehind: RemoveBehind | null,
): Promise<void> {
  const { log } = trigger;
  const own = scopeOfLogs(scope, scope);
  const { end } = await scope.store.extent(streamLog(own.tenant, log.name));
  if (end === null) return;
  if (!('id' in what)) {
    const bounds =
      'from' in what
        ? { ...(what.from === null ? {} : { from: what.from }), ...(what.to === null ? {} : { to: what.to }) }
        : {};
    const selector = { ...bounds, ...(what.key === undefined ? {} : { key: what.key }) };
    await removeEvents(own, log, selector, deadline);
  }
  const made = await madeBy(scope, own.tenant, log.name, what);
  // Before them, since they are not found again; and after them, since an alarm may have been moved by them meanwhile.
  if (!('id' in what) || made.length > 0) await removeBehind?.(own, trigger, what, made, deadline);
  for (const { id } of made) await removeEvents(own, log, { id }, deadline);
  if (made.length > 0) await removeBehind?.(own, trigger, what, made, deadline);
}

/** Occurrences that an event has made which is removed. */
async function madeBy({ store }: Scope, tenant: string, log: string, what: Removed): Promise<RemovedOccurrence[]> {
  const found: RemovedOccurrence[] = [];
  let before = null;
  for (let read = 0; read < MOST_LOOKED_AT;) {
    const page: Awaited<ReturnType<typeof store.last>> = await store.last(streamLog(tenant, log), READ_LIMIT, before);
    read += page.entries.length;
    for (const entry of page.entries) {
      const occurrence = loggedEvent.read(entry);
      const { data } = occurrence;
      const { events = [] } = (data ?? {}) as unknown as Partial<OccurrenceData>;
      if (events.some((event) => isOf(event as unknown as LoggedEvent, what))) found.push(occurrence);
    }
    if (page.entries.length < READ_LIMIT || page.start === page.floor) return found;
    before = page.start;
  }
  return found;
}
