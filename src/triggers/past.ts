/** Reads the newest past of streams, for what is judged again and not stored: dry runs, and what a late event would have changed. */
import { isGap } from '../base/event.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { Cursor } from '../store/store.ts';
import { paceOf } from '../base/pace.ts';
import { besides, obey } from '../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import { ofStreamNamed, type Scope } from '../streams/scope.ts';
import type { PastEvent } from './judging/replay.ts';

export interface Past {
  events: PastEvent[];
  /** What came before this was not looked at, epoch ms; null: there is nothing before. */
  readFrom: number | null;
}

/**
 * The events of some streams that came since a time, each as often as it came; `most` entries of each at most, the newest. One
 * store call for each 1,000 entries.
 */
export async function readPast(
  scope: Scope,
  streams: readonly string[],
  since: number,
  { most, deadline }: { most: number; deadline: number },
): Promise<Past> {
  const past: Past = { events: [], readFrom: null };
  const pace = paceOf(scope.runtime);
  for (const stream of streams) {
    const own = ofStreamNamed(scope, stream);
    let before: Cursor | null = null;
    for (let read = 0, goesOn = true; goesOn;) {
      const rest = pace();
      if (rest !== null) await rest;
      const log = streamLog(own.tenant, stream);
      const page = obey(await scope.store.last(log, Math.min(READ_LIMIT, most - read), before, besides(own, stream)));
      read += page.entries.length;
      const [oldest] = page.entries;
      for (const entry of page.entries) {
        const event = loggedEvent.read(entry);
        if (!isGap(event)) past.events.push({ stream, event });
      }
      const isWhole = oldest === undefined || oldest.appendedAt < since || page.start === page.floor || page.truncated;
      goesOn = !isWhole && read < most && scope.runtime.now() < deadline;
      if (!isWhole && !goesOn) past.readFrom = Math.max(past.readFrom ?? 0, oldest.appendedAt);
      before = page.start;
    }
  }
  return past;
}
