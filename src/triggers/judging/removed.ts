/** What a trigger keeps of events that are removed: nothing. Pure. */
import type { LoggedEvent } from '../../base/event.ts';
import type { JsonObject } from '../../base/json.ts';
import { isOf, type Removed } from '../../streams/log/removals.ts';
import type { Moment } from './moment.ts';

/** A moment without the events that were removed; null: it is of a key that was. */
export function cleansed(moment: Moment, what: Removed): Moment | null {
  if (!('from' in what) && 'key' in what && moment.key === what.key) return null;
  return { ...moment, events: moment.events.filter((event) => !isOf(event as unknown as LoggedEvent, what)) };
}

/** What the entry of a removal removed; null: it is done, and says so no more. */
export function removedBy({ meta }: LoggedEvent): Removed | null {
  const what = (meta?.['removal'] ?? {}) as JsonObject;
  return 'id' in what || 'key' in what || 'from' in what ? (what as unknown as Removed) : null;
}
