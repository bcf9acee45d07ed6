/** How clients of a host listen to changes: the watch of the process, and what listeners may take. */
import { watchChanges } from '../calls/changes/kept.ts';
import type { ListenBounds } from '../mcp/listen/held.ts';
import type { HostOptions } from './http-host.ts';

/** Of a process that stays up. Its connections are bounded too. */
const STANDING: ListenBounds = { streamMs: 3_600_000, most: 10_000, reads: null };

/** What a listener takes of the heap, bytes, and a little more (`npm run bench listen`). */
const LISTENER_BYTES = 65_536;

/** For a process whose heap has a bound: listeners take half of it at most. @param heapBytes the bound */
export function standingIn(heapBytes: number): ListenBounds {
  return { ...STANDING, most: Math.min(STANDING.most, Math.floor(heapBytes / 2 / LISTENER_BYTES)) };
}

export function withListening<Options extends HostOptions>(given: Options): Options {
  const { outlivesClients = true, listening = outlivesClients ? STANDING : null } = given;
  if (listening === null) return { ...given, listening };
  return { ...(given.watch ? given : watchChanges(given)), listening };
}
