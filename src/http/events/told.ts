/**
 * Tells the events of a selection to one stream, from a position on, until the stream is over. Each has the position behind it as
 * its id, so a browser that comes back to any instance goes on there. What is not selected moves the position too.
 */
import type { EventStream } from '../../calls/events/event-stream.ts';
import { tailLog } from '../../calls/events/log-tail.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { type JsonObject, sentJson } from '../../base/json.ts';
import type { Cursor, LogEntry } from '../../store/store.ts';
import type { WatchEnd } from '../../store/watch/listener.ts';
import { isErased } from '../../streams/log/removals.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import { encodeTailCursor } from '../../streams/log/tail-cursor.ts';
import type { LogScope } from '../../streams/scope.ts';
import type { Selection } from '../../streams/sources/sources.ts';

export interface ToldOptions {
  watch: ChangeWatch;
  /** In the tenant of the log. */
  scope: LogScope;
  selection: Selection;
  position: Cursor | null;
  stream: EventStream;
  /** Called when nothing of what was read is held any more. */
  rested?: (() => void) | undefined;
  reads?: { left: number };
}

/** So many characters are written before the reader has to take some. */
const PIECE_CHARACTERS = 262_144;
/** How often a position is told behind which nothing was selected, ms. */
const PLACE_MS = 5_000;

/** Ends with the stream. @throws TidegateError what reads throw */
export async function tellEvents(options: ToldOptions): Promise<WatchEnd> {
  const { watch, scope, selection, position, stream, rested, reads } = options;
  const { source } = selection;
  const { name } = source.stream;
  const idOf = (cursor: Cursor | null) => encodeTailCursor(name, cursor);
  let toldAt = scope.runtime.now();
  let written = 0;

  async function write(id: string, told: { type?: string; data: JsonObject } | null): Promise<void> {
    const text = told === null ? null : sentJson(told.data);
    stream.write({ id, ...(told?.type === undefined ? {} : { type: told.type }), data: text });
    toldAt = scope.runtime.now();
    written += text?.length ?? 0;
    if (written < PIECE_CHARACTERS) return;
    written = 0;
    await stream.taken();
  }

  async function take(entries: readonly LogEntry[], behind: Cursor): Promise<void> {
    let last: Cursor | null = null;
    for (const entry of entries) {
      if (stream.over.aborted) return;
      const told = toldOf(selection, loggedEvent.read(entry));
      if (told === null) continue;
      await write(idOf(entry.cursor), told);
      last = entry.cursor;
    }
    if (last !== behind && scope.runtime.now() - toldAt >= PLACE_MS) await write(idOf(behind), null);
    await stream.taken();
    rested?.();
  }

  return tailLog({
    watch,
    scope,
    stream: name,
    position,
    signal: stream.over,
    ...(reads ? { reads } : {}),
    take,
    async gone(anew, before) {
      const reason = anew ? 'anew' : 'truncated';
      await write(idOf(before), { type: 'gap', data: { name: source.name, reason, detail: GONE[reason] } });
    },
  });
}

const GONE = {
  truncated: 'Events between the one before and the next one are kept no more.',
  anew: 'The stream went back to an earlier state: its events come again from the oldest.',
} as const;

/** Null: nothing is told of it. A gap is, where it may concern what was asked for. */
function toldOf(selection: Selection, event: LoggedEvent): { type?: string; data: JsonObject } | null {
  if (isErased(event)) return null;
  if (!isGap(event)) {
    const occurrence = selection.occurrenceOf(event);
    return occurrence && { data: { ...occurrence } };
  }
  if (!selection.tellsOfGap(event)) return null;
  const { reason = 'gap', detail } = event.meta?.gap ?? {};
  const timestamp = new Date(event.time).toISOString();
  return {
    type: 'gap',
    data: { name: selection.source.name, timestamp, reason, ...(detail === undefined ? {} : { detail }) },
  };
}
