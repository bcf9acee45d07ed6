/** Trimming on DynamoDB beside writers and other trims, interrupted anywhere. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import type { Fault, FaultProxy } from '../../services/fault-proxy.ts';
import { append, DAY, NOW, options, useDynamo, WITH_REPETITIONS } from './stage.ts';

describe.skipIf(!requireService('dynamodb'))('trimming on dynamodb (needs java)', { timeout: 60_000 }, () => {
  const { current, items } = useDynamo();
  let proxy: FaultProxy;
  let store: Store;
  beforeEach(() => void ({ proxy, store } = current()));

  const places = async (log: string, of: 'segments' | 'tombstones') =>
    (await items(`l#${log}`))
      .filter(({ sk, c }) => sk?.S !== '~' && (c === undefined) === (of === 'tombstones'))
      .map(({ sk }) => Number(sk?.S));

  test('a writer that was frozen between reading the end and sending cannot write where a trim has been', async () => {
    for (let i = 0; i < 5; i += 1) await store.commit([append([i])], options(`e${i}`));
    proxy.next('none', 'late');
    expect(await store.commit([append(['frozen'])], options('f1'))).toMatchObject({ status: 'unknown' });
    // Meanwhile others append and trim past its place.
    for (let i = 5; i < 10; i += 1) await store.commit([append([i])], options(`e${i}`));
    await store.trim('l', { now: NOW, keep: 1, limit: 100 });
    await proxy.release();
    expect((await items('c#f1')).length).toBe(0);
    expect((await store.read('l', null, 10)).entries.map((entry) => entry.value)).toEqual([9]);
    expect(await store.commit([append(['frozen'])], options('f1'))).toMatchObject({ status: 'committed' });
    expect((await store.read('l', null, 10)).entries.map((entry) => entry.value)).toEqual([9, 'frozen']);
    // What was trimmed keeps its place, and nothing else, for a day.
    const tombstones = (await items('l#l')).filter((item) => item['x'] !== undefined);
    expect(tombstones).toHaveLength(9);
    for (const tombstone of tombstones) {
      expect(Object.keys(tombstone).toSorted()).toEqual(['pk', 'sk', 'x']);
      expect(Number(tombstone['x']?.N) * 1_000).toBe(NOW + DAY);
    }
  });

  test('a trim that was interrupted anywhere is finished by the next', async () => {
    for (const [i, fault] of (['lose-request', 'lose-answer'] as const).entries()) {
      for (let step = 1; step <= 5; step += 1) {
        const log = `l${i}${step}`;
        for (let n = 0; n < 6; n += 1) await store.commit([append([n], log)], options(`${log}-${n}`));
        // The look, the head, the segments' keys, the tombstones, the head again.
        proxy.next(...Array<Fault>(step - 1).fill('none'), ...Array<Fault>(WITH_REPETITIONS).fill(fault));
        await expect(store.trim(log, { now: NOW, keep: 2, limit: 100 })).rejects.toMatchObject({
          code: 'store_unavailable',
        });
        await store.trim(log, { now: NOW, keep: 2, limit: 100 });
        expect((await store.read(log, null, 10)).entries.map((entry) => entry.value)).toEqual([4, 5]);
        expect((await items(`l#${log}`)).filter((item) => item['x'] !== undefined)).toHaveLength(4);
      }
    }
  });

  test('a segment that a floor stood in the midst of goes with the next trim', async () => {
    for (let i = 0; i < 4; i += 1) {
      await store.commit([append(Array.from({ length: 10 }, (_, n) => i * 10 + n))], options(`e${i}`));
    }
    await store.trim('l', { now: NOW, keep: 25, limit: 100 });
    expect([await places('l', 'tombstones'), await places('l', 'segments')]).toEqual([[0], [10, 20, 30]]);
    expect((await store.read('l', null, 1)).entries[0]?.value).toBe(15);
    await store.trim('l', { now: NOW, keep: 5, limit: 100 });
    expect([await places('l', 'tombstones'), await places('l', 'segments')]).toEqual([[0, 10, 20], [30]]);
  });

  test('a trim that was outrun while its request was on the way lowers no floor', async () => {
    for (let n = 0; n < 10; n += 1) await store.commit([append([n])], options(`e${n}`));
    // Once where there is no head yet, once where there is one.
    for (const [slow, fast] of [
      [8, 6],
      [4, 2],
    ] as const) {
      proxy.next('none', 'late', ...Array<Fault>(WITH_REPETITIONS - 1).fill('lose-request'));
      await expect(store.trim('l', { now: NOW, keep: slow, limit: 100 })).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      await store.trim('l', { now: NOW, keep: fast, limit: 100 });
      await proxy.release();
      expect((await store.extent('l')).count).toBe(fast);
      expect((await store.read('l', null, 10)).entries.map((entry) => entry.value)).toEqual(
        Array.from({ length: fast }, (_, i) => 10 - fast + i),
      );
    }
  });
});
