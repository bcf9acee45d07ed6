/** What stands in the store: the numbers of each stream in log order, gap events, positions, leases. */
import { isGap, type LoggedEvent } from '../../src/base/event.ts';
import { type Cursor, isPresent, type Store } from '../../src/store/store.ts';
import { feedKey } from '../../src/feeds/records/state.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';

export interface Found {
  identified: number[];
  positioned: number[];
  messages: number[];
}

export async function findAll(store: Store): Promise<Found> {
  const [identified, positioned, messages] = await Promise.all([
    numbers(store, 'identified'),
    numbers(store, 'positioned'),
    numbers(store, 'messages'),
  ]);
  return { identified, positioned, messages };
}

export async function countGaps(store: Store, stream: string): Promise<number> {
  const logged = await readAll(store, stream);
  return logged.filter(isGap).length;
}

export async function positionOf(store: Store, feed: string): Promise<unknown> {
  const reading = await store.get(feedKey('public', feed), Date.now());
  return isPresent(reading) ? (reading.value as { position: unknown }).position : null;
}

/** Whether one of the feeds is held by the process of that name. @param at epoch ms at which its lease has to stand; default: any time */
export async function leaseLeft(
  store: Store,
  feeds: readonly string[],
  name: string,
  at: number = Number.NEGATIVE_INFINITY,
): Promise<boolean> {
  const keys = feeds.map((feed) => feedKey('public', feed));
  const readings = await store.getMany(keys, Date.now());
  return readings.some((reading) => {
    const lease = isPresent(reading)
      ? (reading.value as { lease: { holder: string; until: number } | null }).lease
      : null;
    return lease?.holder.startsWith(`${name}.`) && lease.until > at;
  });
}

async function numbers(store: Store, stream: string): Promise<number[]> {
  const logged = await readAll(store, stream);
  return logged.filter((event) => !isGap(event)).map(({ data }) => (data as { n: number }).n);
}

async function readAll(store: Store, stream: string): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let cursor: Cursor | null = null;
  for (;;) {
    const page = await store.read(streamLog('public', stream), cursor, 1_000);
    if (page.entries.length === 0) return found;
    found.push(...page.entries.map(({ value }) => value as LoggedEvent));
    cursor = page.cursor;
  }
}
