/**
 * How many dead letters of each feed stand: those that no replay has tried, and those that were refused again. Letters that were
 * trimmed, and those that a replay brought into their stream, count no more. Places in a log are dense, so nothing is read but its ends.
 */
import { deadLetterLog, LETTERS_FOLLOWER } from '../../feeds/records/dead-letters.ts';
import { refusedKey, refusedLetters } from '../../feeds/records/refused-letters.ts';
import type { FeedStatus } from '../../feeds/records/status.ts';
import { decodeCursor, isEpoch } from '../../store/cursor.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import type { Cursor, Store } from '../../store/store.ts';
import { followerAt, positionKey } from '../../streams/log/follower.ts';
import { type Family, gauge } from './exposition.ts';

/** Feeds whose letters are counted at a scrape: one call for each, and one for all of them. */
const MOST_FEEDS = GET_MANY_LIMIT;

/** @param feeds of these those that had dead letters are looked at. Errors as the store's. */
export async function letterFamily(
  store: Store,
  tenant: string,
  feeds: readonly FeedStatus[],
  now: number,
): Promise<Family> {
  const withLetters = feeds.filter(({ counts }) => counts.deadLetters > 0).map(({ feed }) => feed);
  const looked = withLetters.slice(0, MOST_FEEDS);
  const refused =
    looked.length === 0
      ? []
      : await store.getMany(
          looked.map((feed) => refusedKey(tenant, feed)),
          now,
        );
  const numbers = new Map(
    await Promise.all(
      looked.map(async (feed, index) => {
        const reading = refused[index];
        const known = reading === undefined ? null : refusedLetters.read(reading);
        return [feed, await standing(store, tenant, feed, known?.cursors ?? [], now)] as const;
      }),
    ),
  );
  return gauge(
    'tidegate_feed_dead_letters_standing',
    'Dead letters of a feed that were not tried again, or were refused again',
    feeds.flatMap(({ feed }) => {
      if (withLetters.includes(feed) && !numbers.has(feed)) return [];
      return [{ labels: { feed }, value: numbers.get(feed) ?? 0 }];
    }),
  );
}

async function standing(store: Store, tenant: string, feed: string, refused: readonly Cursor[], now: number) {
  const log = deadLetterLog(tenant, feed);
  const beside = { record: positionKey(tenant, LETTERS_FOLLOWER, log), now };
  const page = await store.last(log, 1, null, beside);
  if (page.floor === null || page.end === null) return 0;
  const floor = decodeCursor(page.floor);
  const end = decodeCursor(page.end);
  const tried = page.beside === undefined ? null : followerAt.read(page.beside);
  const placeOf = (cursor: Cursor | null | undefined) => {
    if (cursor === null || cursor === undefined) return floor.place;
    const { epoch, place } = decodeCursor(cursor);
    return isEpoch(epoch, end.epoch) ? Math.max(place, floor.place) : floor.place;
  };
  // The cursor of an entry stands behind it.
  const again = refused.filter((cursor) => placeOf(cursor) > floor.place).length;
  return Math.max(0, end.place - placeOf(tried?.cursor)) + again;
}
