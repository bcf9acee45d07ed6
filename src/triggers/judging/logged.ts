/** Events of logs as readers get them, made once for each event however many nodes remember it. Pure. */
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import { toStreamEvent } from '../../streams/log/stream-log.ts';
import type { WatchedEvent } from '../../streams/conditions/scope.ts';

const made = new WeakMap<WatchedEvent, StreamEvent>();

export function loggedTo(stream: string, event: WatchedEvent): StreamEvent {
  const known = made.get(event);
  if (known !== undefined && known.stream === stream) return known;
  const told = toStreamEvent(stream, event as LoggedEvent);
  made.set(event, told);
  return told;
}
