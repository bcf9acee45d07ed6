/**
 * Makes a store as weak as an engine is allowed to be, by seeded chance, so that code which works on it does not rest on
 * luck. It breaks no promise of `store.ts`; each weakness is one that the comments there name.
 */
import { checkCommit, checkKeys } from '../../src/store/limits.ts';
import type { DueRecord, Reading, Store, StoredRecord } from '../../src/store/store.ts';

export interface Weaknesses {
  /** In [0, 1): a seeded generator, so that a failure can be repeated. */
  random: () => number;
  /**
   * How likely a commit answers `unknown`, 0 to 1: in equal parts before it takes effect, after it, and before it does
   * so later.
   */
  unknown?: number;
  /** How likely `due` repeats an answer of some calls ago, 0 to 1. */
  staleDue?: number;
  /** Whether `getMany` and `list` read record by record, in any order, so that commits come in between. */
  halfVisible?: boolean;
}

/** How many former answers of `due` may come again. */
const DUE_MEMORY = 3;

export function weaken(inner: Store, { random, unknown = 0, staleDue = 0, halfVisible = false }: Weaknesses): Store {
  /** Commits that were given up by their callers and are still under way. */
  const late: (() => Promise<unknown>)[] = [];
  const dueBefore = new Map<string, DueRecord[][]>();

  async function land(): Promise<void> {
    for (const commit of late.splice(0)) await commit();
  }

  /** Lets others run for a few turns. */
  async function yieldTurns(): Promise<void> {
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
  }

  /** Reads one by one, in any order; answers in the order of `items`. */
  async function scattered<Item, Result>(items: readonly Item[], read: (item: Item) => Promise<Result>) {
    const order = items.map((item, index) => ({ item, index, at: random() })).toSorted((a, b) => a.at - b.at);
    const results: { index: number; result: Result }[] = [];
    for (const { item, index } of order) {
      await yieldTurns();
      results.push({ index, result: await read(item) });
    }
    return results.toSorted((a, b) => a.index - b.index).map(({ result }) => result);
  }

  return {
    ...inner,

    async getMany(keys, now) {
      if (!halfVisible) return inner.getMany(keys, now);
      checkKeys(keys);
      return scattered<(typeof keys)[number], Reading>(keys, (key) => inner.get(key, now));
    },

    async list(partition, options) {
      const page = await inner.list(partition, options);
      if (!halfVisible) return page;
      const read = await scattered(page.records, ({ id }) => inner.get({ partition, id }, options.now));
      // Some engines filter after they have counted: a page may come out short, or empty.
      const records = read.filter((reading): reading is StoredRecord => reading.value !== null);
      return { ...page, records };
    },

    async due(queue, options) {
      const exact = await inner.due(queue, options);
      const key = JSON.stringify([queue, options.limit, options.from]);
      const before = dueBefore.get(key) ?? [];
      const answer = random() < staleDue ? before[Math.floor(random() * before.length)] : undefined;
      dueBefore.set(key, [exact, ...before].slice(0, DUE_MEMORY));
      return answer?.filter((record) => record.dueAt <= options.now) ?? exact;
    },

    async commit(operations, options) {
      if (random() >= unknown) {
        const result = await inner.commit(operations, options);
        await land();
        return result;
      }
      checkCommit(operations, options, inner.limits);
      if (options.deadline <= options.now) return inner.commit(operations, options);
      const kind = Math.floor(random() * 3);
      // A clone, since its caller may change the operations once it has an answer.
      const sent = structuredClone(operations);
      if (kind === 1) await inner.commit(sent, options);
      if (kind === 2) late.push(() => inner.commit(sent, options));
      return { status: 'unknown', cause: new Error('simulated: the answer was lost') };
    },
  };
}
