import { expect, test } from 'vitest';
import { systemRuntime, type Sleep } from '../../../src/base/runtime.ts';
import { startTimer } from '../../../src/base/time/timer.ts';

/** A sleep that a test ends, without a timer of its own. */
function heldSleep() {
  const asked: { ms: number; isGuard: boolean | undefined }[] = [];
  const waiting: (() => void)[] = [];
  const sleep: Sleep = (ms, signal, isGuard) =>
    new Promise((resolve) => {
      asked.push({ ms, isGuard });
      waiting.push(resolve);
      signal?.addEventListener('abort', () => resolve());
    });
  return { sleep, asked, wake: () => waiting.forEach((resolve) => resolve()) };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

test('a sleep that has no timer of its own is asked, once, as a guard or not', async () => {
  const { sleep, asked, wake } = heldSleep();
  let runs = 0;
  startTimer(sleep, 70, () => (runs += 1), true);
  await turns();
  expect([runs, asked]).toEqual([0, [{ ms: 70, isGuard: true }]]);
  wake();
  await turns();
  expect(runs).toBe(1);
});

test('what is stopped does not run', async () => {
  const { sleep, wake } = heldSleep();
  let runs = 0;
  startTimer(sleep, 70, () => (runs += 1))();
  wake();
  await turns();
  expect(runs).toBe(0);
});

test("the platform's own timer runs once, unless it is stopped", async () => {
  const { sleep } = systemRuntime(() => {});
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    startTimer(sleep, 1, () => ran.push('stopped'))();
    startTimer(sleep, 1, () => {
      ran.push('ran');
      resolve();
    });
  });
  expect(ran).toEqual(['ran']);
});
