/** Arguments as models write them who have not read the schema: what can mean one thing is taken, the rest is told. */
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';

const Reading = z.object({
  device: z.string(),
  celsius: z.number(),
  open: z.boolean(),
  code: z.string(),
  any: z.unknown(),
});
const app = createTestApp(
  defineApp({
    name: 'careless',
    version: '1',
    description: 'd',
    streams: { readings: stream({ description: 'Readings', schema: Reading, key: 'device' }) },
  }),
);
beforeAll(async () => {
  const event = { device: 'a', celsius: 5, open: true, code: '7', any: '5' };
  await app.streams.append('readings', event);
  await app.streams.append('readings', { ...event, celsius: 6, open: false, code: 'x', any: 5 });
});
const eventsWhere = async (where: unknown) => {
  const { structured, text } = await app.call('read_history', { stream: 'readings', where });
  const { events } = (structured ?? {}) as { events?: { data: { celsius: number } }[] };
  return events?.map(({ data }) => data.celsius) ?? text;
};

describe('a filter takes what a field that is declared can only mean', () => {
  test.each<[unknown, number[]]>([
    [[{ field: 'celsius', equals: '5' }], [5]],
    [{ celsius: '5' }, [5]],
    [[{ field: 'celsius', oneOf: ['5', 7] }], [5]],
    [[{ field: 'celsius', not: '5' }], [6]],
    [{ open: 'true' }, [5]],
    [[{ field: 'code', equals: 7 }], [5]],
    [[{ field: 'any', equals: '5' }], [5]],
    [[{ field: 'any', equals: 5 }], [6]],
  ])('%j', async (where, found) => expect(await eventsWhere(where)).toEqual(found));

  test('and refuses what it cannot', async () => {
    expect(await eventsWhere({ celsius: 'hot' })).toMatch(/where\.celsius: expected a number/);
    expect(await eventsWhere({ code: 1.5 })).toMatch(/where\.code: expected a text/);
  });

  test('in a condition too, which would wait for ever otherwise', async () => {
    const ask = (where: unknown) => app.begin('wait_for', { stream: 'readings', condition: { kind: 'match', where } });
    const { taskId } = await ask([{ field: 'celsius', equals: '6' }]);
    await app.scheduled();
    expect(await app.task(taskId)).toMatchObject({
      status: 'completed',
      result: { structuredContent: { held: true, event: { data: { celsius: 6 } } } },
    });
    expect(JSON.stringify(await ask({ celsius: 'hot' }))).toContain('condition.where.celsius: expected a number');
  });
});

describe('what cannot be taken is told with what was meant', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['wait_for', { condition: { kind: 'absence', forMs: 5 } }, /condition\.forMs.*milliseconds, at least 1000/],
    ['wait_for', { condition: { kind: 'count', atLeast: 2, withinMs: 60 } }, /condition\.withinMs.*milliseconds/],
    [
      'wait_for',
      { condition: { kind: 'threshold', field: 'celsius', value: 5 } },
      /condition\.value.*did you mean above/,
    ],
    ['wait_for', { condition: { type: 'match' } }, /condition\.type.*did you mean kind/],
    ['wait_for', { condition: { kind: 'match' }, timeoutMs: 5_000 }, /timeoutMs.*did you mean seconds/],
    ['tail_stream', { seconds: 5_000 }, /seconds: Expected seconds, at most 25/],
    ['read_history', { order: 'desc' }, /did you mean newest/],
    ['read_history', { order: 'asc' }, /did you mean oldest/],
    ['read_history', { window: 'all', top: 3 }, /top: .*"n": 3/],
    ['read_history', { window: 'all', also: 'open' }, /also: .*"field"/],
    ['list_streams', { stream: undefined, query: 'x' }, /query.*did you mean search/],
    ['read_history', { sinse: '-1h' }, /sinse.*did you mean from/],
    ['read_history', { window: 'all', lowest: true }, /lowest.*did you mean top\.lowest/],
    ['wait_for', { condition: { kind: 'match' }, perKey: true }, /perKey.*did you mean condition\.perKey/],
  ])('%s %j', async (tool, given, expected) => {
    const { isError, text } = await app.call(tool, { stream: 'readings', ...given });
    expect([isError, text]).toEqual([true, expect.stringMatching(expected)]);
  });
});

test('an argument that is passed over is told in both halves, first of all', async () => {
  const { text, structured } = await app.call('read_latest', { stream: 'readings', toolCallId: '1' });
  expect(text).toMatch(/^Passed over, because read_latest has no such argument: toolCallId\n/);
  for (const half of [text, JSON.stringify(structured)]) expect(half).toContain('no such argument: toolCallId');
  const plain = await app.call('read_latest', { stream: 'readings' });
  expect(JSON.stringify(plain.structured)).not.toContain('argumentsNote');
});

test('a wait that ends with a long event says in words how the whole is read', async () => {
  await app.streams.append('readings', {
    device: 'long "one"',
    celsius: 99,
    open: true,
    code: 'c'.repeat(30_000),
    any: 1,
  });
  const condition = { kind: 'threshold', field: 'celsius', above: 98 };
  const { taskId } = await app.begin('wait_for', { stream: 'readings', condition });
  await app.scheduled();
  const { result } = await app.task(taskId);
  const { text } = (result as { content: { text: string }[] }).content[0] ?? { text: '' };
  const [, call = ''] = /^The whole event: read_history (.*)$/m.exec(text) ?? [];
  const whole = await app.call('read_history', JSON.parse(call) as Record<string, unknown>);
  expect(whole.text).toContain('c'.repeat(30_000));
});
