/**
 * Records of a restored copy that holds back, as a backup has them: what is held as it will stand again, so that nothing is held for ever
 * where that backup is restored. What somebody changed meanwhile is taken as it is, as `resume` leaves it.
 */
import { canonicalText } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { isPresent, type Reading, type RecordKey, type StoredRecord } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { RESTORE_KEY } from '../../streams/half-restored.ts';
import { PRESENCE_PARTITION } from '../../streams/presence.ts';
import type { BackedUp } from './format.ts';
import { mayBeHeld } from './held.ts';
import { HELD_PARTITION } from './kinds.ts';
import { heldKey, heldRecord, restoreState } from './state.ts';

/** Records that say something of the store itself, and are no part of a backup. */
const OF_THIS_STORE: ReadonlySet<string> = new Set([RESTORE_KEY.partition, HELD_PARTITION, PRESENCE_PARTITION]);

interface Unheld {
  /** Records of a page, in place of what stands for them. */
  of(page: readonly StoredRecord[]): Promise<BackedUp[]>;
  /** @throws TidegateError `invalid_input` where the copy was resumed, or restored anew, since it was begun */
  ended(): Promise<void>;
}

/** Errors as the store's. */
export async function createUnheld({ store, runtime }: Pick<Deps, 'store' | 'runtime'>): Promise<Unheld> {
  const stateOf = async () => restoreState.read(await store.get(RESTORE_KEY, runtime.now()));
  const begun = await stateOf();

  async function readAll(keys: readonly RecordKey[]): Promise<Reading[]> {
    const readings: Reading[] = [];
    for (let from = 0; from < keys.length; from += GET_MANY_LIMIT) {
      readings.push(...(await store.getMany(keys.slice(from, from + GET_MANY_LIMIT), runtime.now())));
    }
    return readings;
  }

  return {
    async of(page) {
      const others = page.filter(({ partition }) => !OF_THIS_STORE.has(partition));
      if (begun === null) return others;
      const standing = others.filter(mayBeHeld);
      const asides = await readAll(standing.map(heldKey));
      const inPlace = new Map<StoredRecord, BackedUp>();
      for (const [index, record] of standing.entries()) {
        const aside = heldRecord.read(asides[index] ?? record);
        const isSame = aside?.standing != null && canonicalText(aside.standing) === canonicalText(record.value);
        if (isSame) inPlace.set(record, aside);
      }
      // Nothing stands for these, unless somebody has put something there.
      const alone = page
        .filter(({ partition }) => partition === HELD_PARTITION)
        .map(({ value }) => heldRecord.decode(value))
        .filter((aside) => aside.standing === null);
      const found = await readAll(alone);
      const absent = alone.filter((_aside, index) => !found[index] || !isPresent(found[index]));
      return [...others.map((record) => inPlace.get(record) ?? record), ...absent];
    },
    async ended() {
      if (JSON.stringify(await stateOf()) === JSON.stringify(begun)) return;
      throw new TidegateError('invalid_input', 'the copy was resumed or restored while it was read', {
        field: 'FILE',
        expected: 'a store that nobody resumes meanwhile',
        hint: 'nothing was written; begin again',
      });
    },
  };
}
