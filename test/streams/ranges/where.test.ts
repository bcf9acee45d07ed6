import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { stream } from '../../../src/declare/stream.ts';
import type { Where } from '../../../src/declare/condition.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { readHistory } from '../../../src/streams/history/events.ts';
import { type Bench, bench, START, TENANT } from '../history/fixture.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const schema = z.object({
  celsius: z.number().nullable(),
  state: z.enum(['on', 'off']),
  tags: z.array(z.string()),
  motor: z.object({ rpm: z.int(), name: z.string().optional() }),
});

function machines(): Bench {
  const loose = stream({ description: 'Whatever comes', schema: z.looseObject({}) });
  return bench({ machines: stream({ description: 'Machines', schema, key: () => 'k' }), loose });
}

const read = (at: Bench, where: Where, more: object = {}, name = 'machines') =>
  readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, name), { where, ...more });

async function filled() {
  const at = machines();
  for (let index = 0; index < 40; index += 1) {
    at.clock.now = START + index * 1_000;
    const data = {
      celsius: index === 7 ? null : index,
      state: index % 2 === 0 ? 'on' : 'off',
      tags: index % 3 === 0 ? ['hot', 'new'] : [],
      motor: { rpm: index * 10, ...(index % 4 === 0 ? { name: `m-${index}` } : {}) },
    };
    await at.append('machines', { id: `${index}`, key: `k${index % 2}`, data });
  }
  await at.append('machines', { id: 'gap', meta: { gap: { reason: 'lost' } } });
  return at;
}

test.each<[Where, (index: number) => boolean]>([
  [{ state: 'on' }, (index) => index % 2 === 0],
  [{ celsius: { above: 3, atMost: 9 } }, (index) => index > 3 && index <= 9 && index !== 7],
  [{ celsius: null }, (index) => index === 7],
  [{ celsius: { exists: false } }, (index) => index === 7],
  [{ state: { not: 'on' }, 'motor.rpm': { oneOf: [10, 20, 30] } }, (index) => index === 1 || index === 3],
  [{ 'motor.name': { not: 'm-8' } }, (index) => index !== 8],
  [{ tags: { contains: 'hot' } }, (index) => index % 3 === 0],
  [{ tags: { notContains: 'hot' } }, (index) => index % 3 !== 0],
  [{ 'motor.name': { like: 'm-1*' } }, (index) => index === 12 || index === 16],
  [{ 'motor.name': { exists: true, contains: '8' } }, (index) => index === 8 || index === 28],
])('%j finds what passes, and every gap', async (where, passes) => {
  const at = await filled();
  const wanted = [
    ...Array.from({ length: 40 }, (_, index) => index)
      .filter(passes)
      .map(String),
    'gap',
  ];
  const page = await read(at, where, { from: START });
  expect(page.events.map(({ id }) => id)).toEqual(wanted);
  expect(page.complete).toBe(true);
});

test('pages go on with the filter that the cursor goes with, and with no other', async () => {
  const at = await filled();
  const where = { state: 'off' };
  const first = await read(at, where, { from: START, limit: 5 });
  const cursor = first.cursor ?? '';
  const stream = findStream(at.app, 'machines');
  const second = await readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), stream, {
    where,
    from: START,
    cursor,
    limit: 100,
  });
  expect([...first.events, ...second.events].map(({ id }) => id)).toEqual([
    ...Array.from({ length: 20 }, (_, index) => `${index * 2 + 1}`),
    'gap',
  ]);
  await expect(read(at, { state: 'on' }, { from: START, cursor })).rejects.toMatchObject({ code: 'bad_cursor' });
  await expect(read(at, where, { from: START, cursor })).resolves.toMatchObject({ complete: true });
  const none = await readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), stream, { limit: 2 });
  await expect(read(at, where, { cursor: none.cursor })).rejects.toMatchObject({ code: 'bad_cursor' });
});

test('a filter that leaves out much reads on, within 21 calls, and then goes on by cursor', async () => {
  const at = machines();
  const data = { celsius: 1, state: 'on', tags: [], motor: { rpm: 1 } };
  for (let part = 0; part < 25; part += 1) {
    await at.append('machines', ...Array.from({ length: 1_000 }, () => ({ key: 'a', data })));
  }
  await at.append('machines', { id: 'found', key: 'a', data: { ...data, state: 'off' } });
  at.calls.length = 0;
  const page = await read(at, { state: 'off' }, { from: START });
  expect(at.calls.length).toBeLessThanOrEqual(21);
  expect(page).toMatchObject({ events: [], complete: false });
  let { cursor } = page;
  for (let pages = 0; cursor !== null && pages < 5; pages += 1) {
    const next = await readHistory(scopeOfLogs(at.deps, { tenant: TENANT }), findStream(at.app, 'machines'), {
      where: { state: 'off' },
      from: START,
      cursor,
    });
    if (next.events.length > 0) expect(next.events).toMatchObject([{ id: 'found' }]);
    ({ cursor } = next);
  }
  expect(cursor).toBeNull();
});

describe('refused, before anything is read', () => {
  test.each<[Where, string, RegExp]>([
    [{ celcius: 1 }, 'where.celcius', /did you mean celsius/],
    [{ 'motor.speed': 1 }, 'where.motor.speed', /motor\.rpm/],
    [{ state: { above: 1 } }, 'where.state.above', /a number/],
    [{ 'motor.rpm': { like: '1*' } }, 'where.motor.rpm.like', /a text/],
    [{ celsius: { contains: '1' } }, 'where.celsius.contains', /a text or a list/],
    [{ celsius: { notContains: '1' } }, 'where.celsius.notContains', /a text or a list/],
    [{ state: 1 }, 'where.state', /^a text, which state holds$/],
    [{ state: { not: 1 } }, 'where.state.not', /^a text, which state holds$/],
    [{ 'motor.rpm': null }, 'where.motor.rpm', /a whole number/],
    [{ 'motor.rpm': { oneOf: ['1', true] } }, 'where.motor.rpm.oneOf', /a whole number/],
    [{ state: 'of' }, 'where.state', /^one of the values of state: on, off \(did you mean on\?\)$/],
    [{ state: { not: 'On' } }, 'where.state.not', /did you mean on/],
    [{ state: { oneOf: ['on', 'out'] } }, 'where.state.oneOf', /values of state: on, off/],
    [{ tags: 'hot' }, 'where.tags', /^contains in place of equals, because tags is a list/],
    [{ tags: { oneOf: ['hot'] } }, 'where.tags.oneOf', /^contains in place of oneOf, because tags is a list/],
    [{ state: 'x'.repeat(2_000) }, 'where', /2000 bytes/],
  ])('%j', async (where, field, expected) => {
    const at = machines();
    const refused = { code: 'invalid_input', field, expected: expect.stringMatching(expected) };
    await expect(read(at, where)).rejects.toMatchObject(refused);
    expect(at.calls).toEqual([]);
  });

  test('but not what a schema does not tell', async () => {
    await expect(read(machines(), { anything: { above: 1 } }, {}, 'loose')).resolves.toMatchObject({ events: [] });
  });
});
