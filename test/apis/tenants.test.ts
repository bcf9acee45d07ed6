/** No tenant can use up the limit of an API for all others, and all together stay within it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PUBLIC } from '../../src/base/principal.ts';
import { httpTool } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { type HttpSource, json, startHttpSource } from '../services/http-feed.ts';
import { apiOf, onStage, type Stage } from './stage.ts';

const MINUTE = 60_000;
let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
  source.on('/p', json({ ok: 1 }));
});
afterEach(() => source.close());

/** @returns instances over one store, of an API that may be asked 12 times in a minute */
function stage(cost = 1) {
  const store = createMemoryStore({});
  const api = apiOf(source, { waitMs: 0, rateLimit: { requests: 12, perMs: MINUTE } });
  const t = httpTool({ description: 'x', api, url: '/p', cost: () => cost });
  return [onStage({ t }, { store }), onStage({ t }, { store })] as const;
}

/** How many of so many calls of a tenant were answered. */
async function asked(stage: Stage, tenant: string, calls: number): Promise<number> {
  let answered = 0;
  for (let n = 0; n < calls; n += 1) {
    const principal = { ...PUBLIC, tenant, subject: 'ada' };
    if (!(await stage.call('t', {}, { principal })).isError) answered += 1;
  }
  return answered;
}

test('one that has asked in the window before or in this one has its part, whoever else asks first', async () => {
  const [one, two] = stage();
  await asked(two, 'small', 1);
  for (const instance of [one, two]) instance.advance(MINUTE);
  // Half of the limit to whoever comes, and no more than its part beyond that.
  expect(await asked(one, 'loud', 30)).toBe(6);
  expect(await asked(two, 'small', 30)).toBe(6);
  expect(source.requests).toHaveLength(1 + 12);
});

test('one that is alone may take all of it; one that comes new has its part in the next window', async () => {
  const [one, two] = stage();
  expect(await asked(one, 'loud', 30)).toBe(12);
  expect(await asked(two, 'small', 1)).toBe(0);
  for (const instance of [one, two]) instance.advance(MINUTE);
  expect(await asked(one, 'loud', 30)).toBe(6);
  expect(await asked(two, 'small', 30)).toBe(6);
});

test('with four tenants one leaves half of the limit to the three others, and all stay within it', async () => {
  const [one, two] = stage();
  const quiet = ['a', 'b', 'c'];
  for (const tenant of quiet) await asked(two, tenant, 1);
  for (const instance of [one, two]) instance.advance(MINUTE);
  source.requests.length = 0;
  expect(await asked(one, 'loud', 30)).toBe(6);
  for (const tenant of quiet) expect(await asked(two, tenant, 2)).toBe(2);
  expect(await asked(two, 'a', 5)).toBe(0);
  expect(source.requests).toHaveLength(12);
});

test('the answer says that others share the limit; a call that costs more than a part is its tenant’s first', async () => {
  const [one, two] = stage(5);
  await asked(two, 'small', 1);
  for (const instance of [one, two]) instance.advance(MINUTE);
  expect(await asked(one, 'loud', 1)).toBe(1);
  const principal = { ...PUBLIC, tenant: 'loud', subject: 'ada' };
  expect((await one.call('t', {}, { principal })).text).toBe(
    'shop cannot be asked now: at most 12 requests in 1 min, shared by 2 tenants, are allowed. Try again in 60 s.',
  );
  expect(await asked(two, 'small', 1)).toBe(1);
});

test('without authentication all callers are one, and a request costs the one call that it did', async () => {
  const [one] = stage();
  for (let n = 0; n < 12; n += 1) await one.call('t');
  expect(source.requests).toHaveLength(12);
  expect(one.counted.calls()).toMatchObject({ add: 12 });
});
