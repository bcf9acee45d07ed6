/**
 * `events/stream`: one subscription for as long as its request stays open. A confirmation comes first, then events as they come,
 * each with the position behind it, and heartbeats with the position up to which there was nothing to tell. Where events are gone,
 * the confirmation comes again and says so. A store that fails for a while is told as an error, and nothing is missed.
 */
import { asTidegateError, isOfStore } from '../../base/errors.ts';
import { eventError, INTERNAL_ERROR } from '../../base/json-rpc.ts';
import { missingScopes } from '../../base/scopes.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { tailLog } from '../../calls/events/log-tail.ts';
import { watchRights } from '../../calls/events/rights-watch.ts';
import type { ToolContext } from '../../declare/context.ts';
import type { Cursor, LogEntry } from '../../store/store.ts';
import { encodeTailCursor } from '../../streams/log/tail-cursor.ts';
import { ofStream, type Scope } from '../../streams/scope.ts';
import { logOf, type OccurrencePage, type PlacedOccurrence, takeFrom } from '../../streams/sources/page.ts';
import type { EventSource, Selection } from '../../streams/sources/sources.ts';
import type { OpenedStream, StreamChannel } from '../extension.ts';
import type { Params } from '../wire/params.ts';
import { pageSince } from './poll.ts';
import { notBeforeIn, positionIn, selectionIn } from './requested.ts';

export interface StreamDeps extends AppDeps {
  watch: ChangeWatch;
  /** What a caller needs to have an event. */
  needs: (event: string) => readonly string[];
}

/** Clients take a stream for dead that sends nothing for twice as long as 30 s. */
const HEARTBEAT_MS = 15_000;
/** Events of the first page. */
const FIRST = 100;
/** So often in a row a store may fail, and the first pause; each further one is twice as long. */
const MOST_FAILURES = 5;
const PAUSE_MS = 1_000;

/** Where a stream begins: what stands there already, and whether something before it is gone. */
type Beginning = Pick<OccurrencePage, 'occurrences' | 'start' | 'position' | 'truncated'>;

/**
 * One store call to open; then those of a listener.
 * @throws TidegateError `not_found`, `invalid_input`, `bad_cursor`
 */
export async function openSubscription(
  deps: StreamDeps,
  sources: ReadonlyMap<string, EventSource>,
  params: Params,
  context: ToolContext,
): Promise<OpenedStream> {
  const selection = selectionIn(sources, params);
  const from = positionIn(selection, params);
  const notBefore = notBeforeIn(params, deps.runtime.now());
  const scope = accounted(deps, context);
  const beginning: Beginning =
    from === null
      ? await fromNow(scope, selection)
      : await pageSince(scope, selection, { ...from, most: FIRST, notBefore });
  const openedAt = deps.runtime.now();
  return {
    run: (channel) => createSubscriber(deps, scope, selection, channel).run(beginning, { notBefore, openedAt }),
  };
}

async function fromNow(scope: Scope, selection: Selection): Promise<Beginning> {
  const { end } = await scope.store.extent(logOf(scope, selection));
  return { occurrences: [], start: end, position: end, truncated: false };
}

/** What stood there when the stream was opened may be too old. */
interface Age {
  notBefore: number | null;
  /** Epoch ms. */
  openedAt: number;
}

function createSubscriber(
  { watch, needs, app }: StreamDeps,
  scope: Scope,
  selection: Selection,
  channel: StreamChannel,
) {
  const { runtime } = scope;
  const { stream, name } = selection.source;
  const { reads } = channel;
  const revoked = new AbortController();
  const signal = AbortSignal.any([channel.signal, revoked.signal]);
  let at: Cursor | null = null;
  let isSending = false;
  let sentAt = runtime.now();

  const cursorOf = (position: Cursor | null) => encodeTailCursor(stream.name, position);

  async function send(what: string, params: object): Promise<void> {
    await channel.send(`notifications/events/${what}`, params);
    sentAt = runtime.now();
  }

  /** @param truncated events before these are gone */
  async function tell(occurrences: readonly PlacedOccurrence[], position: Cursor | null, truncated: boolean) {
    isSending = true;
    try {
      if (truncated) await send('active', { cursor: cursorOf(at), truncated });
      for (const { occurrence, position: behind } of occurrences) {
        if (signal.aborted) return;
        await send('event', { ...occurrence, cursor: cursorOf(behind) });
      }
      at = position;
    } finally {
      isSending = false;
    }
  }

  async function take(entries: readonly LogEntry[], position: Cursor, { notBefore, openedAt }: Age): Promise<void> {
    const isOld = (entries[0]?.appendedAt ?? openedAt) < openedAt;
    const bounds = { position: at, most: Number.POSITIVE_INFINITY, characters: Number.POSITIVE_INFINITY };
    const taken = takeFrom(selection, entries, { ...bounds, notBefore: isOld ? notBefore : null });
    await tell(taken.occurrences, position, taken.truncated);
  }

  async function heartbeat(): Promise<void> {
    while (!signal.aborted) {
      // The clock may have been set back meanwhile.
      sentAt = Math.min(sentAt, runtime.now());
      const ms = sentAt + HEARTBEAT_MS - runtime.now();
      if (ms > 0 || isSending) await runtime.sleep(Math.max(1_000, ms), signal);
      else await send('heartbeat', { cursor: cursorOf(at) });
    }
  }

  /** Ends what is told to who may have it no more. */
  async function endWithRights(): Promise<void> {
    const { now } = channel;
    if (now === null) return;
    const refused = async () => {
      const principal = await now();
      return principal !== null && missingScopes(principal.scopes, needs(name)).length === 0 ? null : 'refused';
    };
    if ((await watchRights(runtime, signal, refused)) !== null) revoked.abort();
  }

  /** Who follows notices by itself that nobody takes what is sent. */
  function beside(work: Promise<void>): void {
    work.catch((thrown: unknown) => {
      const { code, message } = asTidegateError(thrown);
      runtime.log('debug', `beside a stream of events: ${message}`, { code, stream: stream.name });
    });
  }

  /** Follows from where it is until nobody listens, or the log cannot be read. */
  async function follow(age: Age): Promise<void> {
    const end = await tailLog({
      watch,
      scope: ofStream(scope, stream),
      stream: stream.name,
      position: at,
      signal,
      ...(reads ? { reads } : {}),
      take: (entries, position) => take(entries, position, age),
      async gone(_anew, position) {
        at = position;
        await tell([], position, true);
      },
    });
    if (end === 'spent') throw new Error('nobody of this process may read any more');
  }

  async function run(beginning: Beginning, age: Age): Promise<void> {
    at = beginning.start;
    await send('active', { cursor: cursorOf(at), truncated: beginning.truncated });
    await tell(beginning.occurrences, beginning.position, false);
    beside(heartbeat());
    beside(endWithRights());
    for (let failures = 0, pauseMs = PAUSE_MS; !signal.aborted; pauseMs *= 2) {
      const before = at;
      try {
        await follow(age);
      } catch (thrown) {
        failures = at === before ? failures + 1 : 1;
        if (failures === 1) pauseMs = PAUSE_MS;
        if (signal.aborted) break;
        if (!isOfStore(thrown) || failures > MOST_FAILURES) throw thrown;
        const { code } = asTidegateError(thrown);
        runtime.log('warn', 'events are told later, because the store does not answer', { code, stream: stream.name });
        const error = { code: INTERNAL_ERROR, message: 'UpstreamError', data: { reason: 'the store does not answer' } };
        await send('error', { error });
        await runtime.sleep(pauseMs, signal);
      }
    }
    if (!revoked.signal.aborted || channel.signal.aborted) return;
    const error = eventError('Forbidden', app.events.codes, { reason: 'Access revoked' });
    await send('terminated', { error });
  }

  return { run };
}
