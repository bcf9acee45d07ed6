/** Erasing on DynamoDB, whose segments are rewritten one by one: interrupted anywhere, and beside others that rewrite. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import type { Fault, FaultProxy } from '../../services/fault-proxy.ts';
import { append, NOW, options, useDynamo, WITH_REPETITIONS } from './stage.ts';

const GONE = 'gone';

function expected(places: readonly number[]): string[] {
  return Array.from({ length: 30 }, (_, i) => (places.includes(i) ? GONE : `n${i}`));
}

describe.skipIf(!requireService('dynamodb'))('erasing on dynamodb (needs java)', { timeout: 60_000 }, () => {
  const { current, items, requests } = useDynamo();
  let proxy: FaultProxy;
  let store: Store;
  beforeEach(() => void ({ proxy, store } = current()));

  /** Three segments of ten entries each: `n0` to `n29`. */
  async function fill(log: string): Promise<void> {
    for (let part = 0; part < 3; part += 1) {
      const entries = Array.from({ length: 10 }, (_, i) => `n${part * 10 + i}`);
      await store.commit([append(entries, log)], options(`${log}-${part}`));
    }
  }

  async function erasuresOf(log: string, places: readonly number[]) {
    const { entries } = await store.read(log, null, 100);
    return places.map((place) => ({ cursor: entries[place]?.cursor ?? '', value: GONE }));
  }

  const valuesOf = async (log: string): Promise<Json[]> =>
    (await store.read(log, null, 100)).entries.map(({ value }) => value);
  const raw = async () => JSON.stringify(await items('l#l'));

  test('an erasure that was interrupted anywhere is finished by the next', async () => {
    for (const [i, fault] of (['lose-request', 'lose-answer'] as const).entries()) {
      for (let step = 1; step <= 5; step += 1) {
        const log = `l${i}${step}`;
        await fill(log);
        const erasures = await erasuresOf(log, [1, 11, 29]);
        // The look, the segments, and the write of each.
        proxy.next(...Array<Fault>(step - 1).fill('none'), ...Array<Fault>(WITH_REPETITIONS).fill(fault));
        await expect(store.erase(log, erasures)).rejects.toMatchObject({ code: 'store_unavailable' });
        await store.erase(log, erasures);
        expect(await valuesOf(log)).toEqual(expected([1, 11, 29]));
        expect(await requests(() => store.erase(log, erasures))).toBe(2);
      }
    }
  });

  test('a write that comes late undoes nothing that others erased since', async () => {
    await fill('l');
    const [mine, theirs] = [await erasuresOf('l', [1]), await erasuresOf('l', [2])];
    proxy.next('none', 'none', ...Array<Fault>(WITH_REPETITIONS).fill('late'));
    await expect(store.erase('l', mine)).rejects.toMatchObject({ code: 'store_unavailable' });
    await store.erase('l', theirs);
    await proxy.release();
    expect(await valuesOf('l')).toEqual(expected([2]));
    await store.erase('l', mine);
    expect(await valuesOf('l')).toEqual(expected([1, 2]));
  });

  test('a segment in whose midst the floor is loses its trimmed entries too, once it is rewritten', async () => {
    await fill('l');
    await store.trim('l', { now: NOW, keep: 25, limit: 100 });
    expect(await raw()).toContain('n4');
    const { entries } = await store.read('l', null, 100);
    await store.erase('l', [{ cursor: entries[2]?.cursor ?? '', value: GONE }]);
    expect(await valuesOf('l')).toEqual(expected([7]).slice(5));
    expect([(await raw()).includes('\\"n4\\"'), (await raw()).includes('\\"n7\\"')]).toEqual([false, false]);
  });
});
