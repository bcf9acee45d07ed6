/**
 * The streams for an app's own tools, resources and tasks, as the caller's tenant has them. A cursor is bound to its
 * stream.
 */
import type { AppStreams, EventPage, HistoryOptions, StreamRef } from '../declare/app-streams.ts';
import { isAuditLog } from '../auth/audit/stream.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { AggregateName, StreamWindows, WindowsOptions } from '../declare/stream-windows.ts';
import { TidegateError } from '../base/errors.ts';
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import { LIST_LIMIT, READ_LIMIT } from '../store/limits.ts';
import { appWindows } from './windows.ts';
import type { Deps } from '../streams/deps.ts';
import { findStream } from '../streams/find-stream.ts';
import { readHistory } from '../streams/history/events.ts';
import { readKeys, readLatest, readLatestByKey } from '../streams/log/read-latest.ts';
import { toStreamEvent } from '../streams/log/stream-log.ts';
import { publish } from '../streams/log/publish.ts';
import { removeEvents } from '../streams/removing/remove.ts';
import { decodeStreamCursor } from '../streams/log/stream-cursor.ts';
import { pageBefore, newestEvent, pageAfter } from './event-pages.ts';
import { ofStream, scopeOf } from '../streams/scope.ts';

const DEFAULT_LIMIT = 100;
const APPEND_MS = 10_000;

/** @param deadline epoch ms by which an append has to be done; default: 10 s after it began */
export function createAppStreams(deps: Deps, principal: Principal, deadline?: number): AppStreams {
  const { app, runtime } = deps;
  const scope = scopeOf(deps, principal);
  const find = <Data>(ref: StreamRef<Data>) => findStream(app, ref);

  return {
    names: () => [...app.streams.keys()],

    async latest<Data = Json>(ref: StreamRef<Data>, key?: string) {
      const stream = find(ref);
      if (stream.keyed && key === undefined) {
        // Latest events are kept by key. The newest of all keys is the last event of the log.
        return (await newestEvent(ofStream(scope, stream), stream.name)) as StreamEvent<Data> | null;
      }
      return (await readLatest(ofStream(scope, stream), stream.name, key ?? null)) as StreamEvent<Data> | null;
    },

    async latestByKey<Data = Json>(ref: StreamRef<Data>, page: { after?: string; limit?: number } = {}) {
      const stream = find(ref);
      const limit = checkLimit(page.limit, LIST_LIMIT, 'limit');
      const found = await readLatestByKey(ofStream(scope, stream), stream.name, { after: page.after ?? null, limit });
      return { events: found.events as StreamEvent<Data>[], next: found.next };
    },

    async keys(ref: StreamRef<unknown>, { prefix = '', limit }: { prefix?: string; limit?: number } = {}) {
      const stream = find(ref);
      const most = checkLimit(limit, LIST_LIMIT, 'limit');
      if (!stream.keyed) return { values: [], hasMore: false };
      return readKeys(ofStream(scope, stream), stream.name, { prefix, limit: most });
    },

    async last<Data = Json>(ref: StreamRef<Data>, n: number, before?: string) {
      const stream = find(ref);
      const cursor = before === undefined ? null : decodeStreamCursor(stream.name, before);
      const limit = checkLimit(n, READ_LIMIT, 'n');
      return (await pageBefore(ofStream(scope, stream), stream.name, limit, cursor)) as EventPage<Data>;
    },

    async read<Data = Json>(ref: StreamRef<Data>, after: string | null, limit?: number) {
      const stream = find(ref);
      const cursor = after === null ? null : decodeStreamCursor(stream.name, after);
      const most = checkLimit(limit, READ_LIMIT, 'limit');
      return (await pageAfter(ofStream(scope, stream), stream.name, most, cursor)) as EventPage<Data>;
    },

    async history<Data = Json>(ref: StreamRef<Data>, options: HistoryOptions = {}) {
      const limits = deadline === undefined ? {} : { deadline };
      const { events, cursor, truncated, anew } = await readHistory(scope, find(ref), options, limits);
      return { events: events as StreamEvent<Data>[], cursor, truncated, anew };
    },

    async windows<Data = Json, const Name extends AggregateName = AggregateName>(
      ref: StreamRef<Data>,
      options: WindowsOptions<Data, Name>,
    ) {
      const limits = deadline === undefined ? {} : { deadline };
      const windows: StreamWindows<Name> = await appWindows(scope, find(ref), options as WindowsOptions, limits);
      return windows;
    },

    async append<Data = Json>(ref: StreamRef<Data>, data: unknown) {
      const stream = written(find(ref));
      const { event } = await publish(ofStream(scope, stream), stream, { data }, deadline ?? runtime.now() + APPEND_MS);
      return toStreamEvent(stream.name, event) as StreamEvent<Data>;
    },

    async remove(ref, selector) {
      const stream = written(find(ref));
      const report = await removeEvents(
        ofStream(scope, stream),
        stream,
        selector,
        deadline ?? runtime.now() + APPEND_MS,
      );
      await deps.audit?.note(principal, { action: 'remove', target: stream.name, events: report.removed });
      return report;
    },
  };
}

/** @throws TidegateError `not_supported` for a stream that no handler may change */
function written(stream: DeclaredStream): DeclaredStream {
  if (!isAuditLog(stream)) return stream;
  throw new TidegateError('not_supported', 'The audit log is written by the server alone', { field: 'stream' });
}

function checkLimit(limit: number | undefined, most: number, field: string): number {
  const wanted = limit ?? DEFAULT_LIMIT;
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= most) return wanted;
  throw new TidegateError('invalid_input', `${field} is ${wanted}`, {
    field,
    expected: `a whole number from 1 to ${most}`,
  });
}
