/** Ranges of event time against a plain list: any order of arrival, trims, crashes, older releases, any question. */
import { test } from 'vitest';
import { fc } from '../../properties.ts';
import { weaken } from '../../store/weaknesses.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { byDepth } from '../../depth.ts';
import { check, past, questions, steps, take } from './past.ts';
import { checkWindows } from './past-windows.ts';
import { seeded } from './fixture.ts';

const limit = { timeout: 300_000 };

test('whatever came in whatever order is found, each event once and in the order of times', limit, async () => {
  await fc.assert(
    fc.asyncProperty(steps(900), fc.array(questions, { minLength: 1, maxLength: 4 }), async (list, asked) => {
      const at = past();
      for (const step of list) await take(at, step);
      for (const one of asked) {
        await checkWindows(at, one);
        await check(at, one);
      }
    }),
    { numRuns: byDepth(40, 100, 3_000) },
  );
});

test('also where the records of the index are read at different moments', limit, async () => {
  await fc.assert(
    fc.asyncProperty(steps(900), questions, fc.integer({ min: 1, max: 1_000 }), async (list, asked, seed) => {
      const at = past(weaken(createMemoryStore(), { random: seeded(seed), halfVisible: true }));
      for (const step of list) await take(at, step);
      await at.add({ key: 'k0', time: at.clock.now, data: { v: 1 } });
      // A follower and a build run beside the reader.
      const beside = [at.project('events'), at.build()];
      await check(at, { ...asked, meanwhile: [] });
      await Promise.all(beside);
      await check(at, { ...asked, meanwhile: [] });
    }),
    { numRuns: 40 },
  );
});
