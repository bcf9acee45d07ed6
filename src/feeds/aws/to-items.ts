/** The items that records hold, each with the id of its record, so that it is known when it comes again. Pure. */
import type { FeedItem } from '../../declare/feed.ts';
import type { SourceOptions } from './options.ts';
import type { HandedRecord } from './read-event.ts';

const READABLE = 'a record that the function items can read';

/** @param stream which they are for */
export function itemsOfRecord(
  { record, bytes, unreadable }: HandedRecord,
  { stream, items }: { stream: string; items: SourceOptions['items'] },
): FeedItem[] {
  const time = record.time === null ? {} : { time: record.time };
  const item = (data: unknown, at: number): FeedItem => ({
    stream,
    data,
    id: at === 0 ? record.id : `${record.id}#${at}`,
    bytes: at === 0 ? bytes : 0,
    ...time,
  });
  const refused = (expected: string): FeedItem[] => [
    { ...item(record.data, 0), invalid: { reason: 'unreadable', field: 'data', expected } },
  ];
  const binary = unreadable?.binary ?? null;
  if (unreadable !== undefined && (items === undefined || binary === null)) return refused(unreadable.expected);
  if (items === undefined) return [item(record.data, 0)];
  try {
    const found: unknown = items(binary === null ? record : { ...record, data: binary });
    return Array.isArray(found) ? found.map(item) : refused('a list from the function items');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return refused(`${READABLE}; it threw ${reason}`);
  }
}
