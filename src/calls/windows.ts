/**
 * Windows over a stream's past, for an app's own handlers: takes the question in their form, and answers by their
 * names.
 */
import type { AggregateName, StreamWindows, WindowsOptions } from '../declare/stream-windows.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { Where } from '../declare/condition.ts';
import { aggregateOf } from '../streams/history/aggregate.ts';
import { findStream } from '../streams/find-stream.ts';
import { readWindows } from '../streams/history/windows.ts';
import type { ReadLimits } from '../streams/ranges/range-scan.ts';
import { valueOf } from '../streams/history/window-rows.ts';
import type { Scope } from '../streams/scope.ts';

/** The options without their types, which a page that was read does not know. */
type Asked = Omit<WindowsOptions, 'aggregates'> & { aggregates?: readonly string[] };

/** @throws TidegateError as `readWindows` does */
export async function appWindows(
  scope: Scope,
  stream: DeclaredStream,
  { also, where, ...asked }: Asked,
  limits: ReadLimits,
): Promise<StreamWindows> {
  const series = also?.map(({ stream: ref, field }) => ({
    stream: ref === undefined ? stream.name : findStream(scope.app, ref).name,
    ...(field === undefined ? {} : { field }),
  }));
  const query = {
    ...asked,
    ...(where === undefined ? {} : { where: where as Where }),
    ...(series === undefined ? {} : { also: series }),
  };
  const page = await readWindows(scope, stream, query, limits);
  const { complete, cursor, ofPart, truncated, anew, skipped, overflowed } = page;
  const aggregates = (asked.aggregates ?? page.aggregates).map((name) => [name, aggregateOf(name)] as const);
  const rows = page.rows.map((row) => ({
    start: row.start,
    end: Number.isFinite(row.end) ? row.end : null,
    key: row.key,
    group: row.group,
    stream: row.stream,
    field: row.field,
    count: row.count,
    values: Object.fromEntries(aggregates.map(([name, aggregate]) => [name, valueOf(row, aggregate)])) as Record<
      AggregateName,
      number | null
    >,
  }));
  return { rows, complete, cursor, ofPart, truncated, anew, skipped, overflowed };
}
