/** `events/poll`: what came behind a cursor. Nothing is kept of who polls. */
import type { ToolContext } from '../../declare/context.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import type { Cursor } from '../../store/store.ts';
import { encodeTailCursor } from '../../streams/log/tail-cursor.ts';
import type { Scope } from '../../streams/scope.ts';
import { logOf, type OccurrencePage, readOccurrences } from '../../streams/sources/page.ts';
import type { EventSource, Selection } from '../../streams/sources/sources.ts';
import type { Params } from '../wire/params.ts';
import { nextPollMs } from './pace.ts';
import { mostIn, notBeforeIn, positionIn, selectionIn } from './requested.ts';

/** JSON characters of the events of an answer. */
const ANSWER_CHARACTERS = 1_000_000;

/**
 * One store call. Two more where `maxAgeMs` leaves out more than one call reads.
 * @throws TidegateError `not_found`, `invalid_input`, `bad_cursor`
 */
export async function pollEvents(
  deps: AppDeps,
  sources: ReadonlyMap<string, EventSource>,
  params: Params,
  context: ToolContext,
): Promise<object> {
  const selection = selectionIn(sources, params);
  const { source } = selection;
  const [from, most] = [positionIn(selection, params), mostIn(params)];
  const notBefore = notBeforeIn(params, deps.runtime.now());
  const scope = accounted(deps, context);
  if (from === null) {
    const { end } = await scope.store.extent(logOf(scope, selection));
    return answerOf([], source, end, { truncated: false, hasMore: false, next: nextPollMs(deps.app, source, null) });
  }
  const page = await pageSince(scope, selection, { ...from, most, notBefore });
  const { occurrences, position, truncated, hasMore } = page;
  const events = occurrences.map(({ occurrence }) => occurrence);
  return answerOf(events, source, position, { truncated, hasMore, next: nextPollMs(deps.app, source, page) });
}

function answerOf(
  events: readonly object[],
  { stream }: EventSource,
  position: Cursor | null,
  { truncated, hasMore, next }: { truncated: boolean; hasMore: boolean; next: number },
): object {
  return { events, cursor: encodeTailCursor(stream.name, position), truncated, hasMore, nextPollMs: next };
}

/** A page of what is not too old. What lies long behind is not read: the log knows where a time begins. */
export async function pageSince(
  scope: Scope,
  selection: Selection,
  { after, most, notBefore }: { after: Cursor | null; most: number; notBefore: number | null },
): Promise<OccurrencePage> {
  const bounds = { most, characters: ANSWER_CHARACTERS, notBefore };
  const page = await readOccurrences(scope, selection, { after, ...bounds });
  if (notBefore === null || !page.hasMore || page.newestAt === null || page.newestAt >= notBefore) return page;
  const begins = await scope.store.seek(logOf(scope, selection), notBefore);
  const later = await readOccurrences(scope, selection, { after: begins, ...bounds });
  return { ...later, truncated: true };
}
