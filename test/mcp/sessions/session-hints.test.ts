/** Looks of many that wait for their clients on one process. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { createSessionHints } from '../../../src/mcp/sessions/session-hints.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const WAITING = 100;
const SECOND = 1_000;

test('those who began together soon look at different times', async () => {
  const clock = createTestClock(0);
  const runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    random: seededRandom(7),
  };
  const hints = createSessionHints(runtime);
  const store = createMemoryStore();
  const looks: number[] = [];
  const look = () => {
    looks.push(clock.now());
    return Promise.resolve(false);
  };
  const listener = { store, look, deadline: 40 * SECOND, signal: new AbortController().signal };
  const ends = Array.from({ length: WAITING }, (_, n) => hints.follow('t', `s${n}`, listener));
  await clock.advance(40 * SECOND);
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['time']));
  // Once all look each 5 s, these are spread over seconds.
  const perHalf = new Map<number, number>();
  for (const at of looks.filter((time) => time > 20 * SECOND && time < 39 * SECOND)) {
    const half = Math.floor(at / 500);
    perHalf.set(half, (perHalf.get(half) ?? 0) + 1);
  }
  expect(Math.max(...perHalf.values())).toBeLessThan(WAITING / 2);
  // Each still looks about so often.
  expect(looks.length / WAITING).toBeGreaterThan(9);
  expect(looks.length / WAITING).toBeLessThan(16);
});
