/**
 * Finds which of a step's candidates for latest events (`fallback.ts`) were revised later in the log than the step. Only
 * those are looked for that would replace what stands, which are few: where events arrive in the order of their time there
 * are none, and no entry is read. It writes nothing.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { GET_MANY_LIMIT, READ_LIMIT } from '../../store/limits.ts';
import type { Cursor } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import type { Fallback } from './fallback.ts';
import { keyOf, latestEvent, latestKey } from '../log/latest.ts';
import { besides, obey } from '../log/removals.ts';
import { isBetter } from './settle-latest.ts';
import { loggedEvent, streamLog } from '../log/stream-log.ts';

/** Most reads of 1,000 entries. */
const READS = 300;

interface LaterPart {
  /** The part begins behind this cursor. */
  from: Cursor;
  /** Epoch ms. */
  deadline: number;
  /** Default 300. */
  reads?: number;
}

/**
 * Leaves out what does not count any more.
 * @returns `known`; else nothing is known of any candidate, and none is left. `late`: the time was over. `too_long`: the later
 * part has more entries than are read.
 */
export async function leaveRevised(
  scope: LogScope,
  stream: DeclaredStream,
  fallback: Fallback,
  { from, deadline, reads = READS }: LaterPart,
): Promise<'known' | 'late' | 'too_long'> {
  const { store, runtime, tenant } = scope;
  const standing = new Map<string, ReturnType<typeof latestEvent.read>>();
  const keys = [...fallback.found().keys()].map((key) => latestKey(tenant, stream.name, key));
  for (let first = 0; first < keys.length; first += GET_MANY_LIMIT) {
    const readings = await store.getMany(keys.slice(first, first + GET_MANY_LIMIT), runtime.now());
    for (const reading of readings) standing.set(keyOf(reading.id), latestEvent.read(reading));
  }
  const furthest = runtime.now() + stream.aheadMs;
  const isAny = fallback.keep((candidate, key) => {
    const event = standing.get(key) ?? null;
    return event === null || isBetter(candidate, event, furthest);
  });
  if (!isAny) return 'known';
  const log = streamLog(tenant, stream.name);
  let cursor: Cursor = from;
  for (let n = 0; n < reads; n += 1) {
    if (runtime.now() >= deadline) break;
    const page = obey(await store.read(log, cursor, READ_LIMIT, besides(scope, stream.name)));
    for (const entry of page.entries) fallback.revise(loggedEvent.read(entry));
    if (page.cursor === null || page.cursor === page.end) return 'known';
    cursor = page.cursor;
  }
  fallback.keep(() => false);
  return runtime.now() >= deadline ? 'late' : 'too_long';
}
