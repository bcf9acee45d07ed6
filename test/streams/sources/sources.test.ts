import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { eventSources, findSource } from '../../../src/streams/sources/sources.ts';
import { withProperty } from '../../../src/streams/sources/within.ts';

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
});
const app = defineApp({
  name: 'house',
  version: '1.0.0',
  description: 'A house',
  streams: { temps },
  triggers: {
    hot: trigger({ description: 'A room is hot', on: temps, when: { kind: 'threshold', field: 'celsius', above: 30 } }),
  },
});
const sources = eventSources(app);
const event = { id: '1', key: 'attic', time: 0, data: { room: 'attic', celsius: 31 } };

test('a trigger and a stream are sources of one form', () => {
  expect([...sources.keys()]).toEqual(['hot', 'stream.temps']);
  expect(findSource(sources, 'hot').stream.name).toBe('trigger.hot');
  expect(() => findSource(sources, 'hott')).toThrow(expect.objectContaining({ code: 'not_found', field: 'name' }));
});

test('arguments select events of a stream', () => {
  const source = findSource(sources, 'stream.temps');
  const told = source.select({ keys: ['attic'], where: { celsius: { above: 30 } } }).occurrenceOf(event);
  expect(told).toEqual({
    eventId: '1',
    name: 'stream.temps',
    timestamp: '1970-01-01T00:00:00.000Z',
    data: { key: 'attic', data: event.data },
  });
  expect(source.select({ keys: ['cellar'] }).occurrenceOf(event)).toBeNull();
  expect(source.select({ where: { celsius: { above: 31 } } }).occurrenceOf(event)).toBeNull();
});

test('what a revision changed is another event', () => {
  expect(
    findSource(sources, 'stream.temps')
      .select({})
      .occurrenceOf({ ...event, revision: '2' })?.eventId,
  ).toBe('1~2');
});

test.each([
  [{ keys: [] }, 'arguments.keys'],
  [{ where: { celcius: 3 } }, 'arguments.where.celcius'],
  [{ where: JSON.parse('{"__proto__":{"equals":"x"}}') }, 'arguments.where.__proto__'],
  [{ other: 1 }, 'arguments.other'],
])('wrong arguments are named: %j', (given, field) => {
  const select = () => findSource(sources, 'stream.temps').select(given);
  expect(select).toThrow(expect.objectContaining({ code: 'invalid_input', field }));
});

test('arguments that select the same have one canonical text', () => {
  const source = findSource(sources, 'stream.temps');
  const first = source.select({ where: { celsius: { above: '30' } }, keys: ['a'] });
  expect(first.canonical).toBe(source.select({ keys: ['a'], where: { celsius: { above: 30 } } }).canonical);
  expect(source.select(undefined).canonical).toBe('{}');
});

test('the end of a condition is told to who asks for it', () => {
  const data = { became: 'ceased', title: 'attic', value: 20, events: [], payload: null };
  const ceased = { id: '2', key: 'attic', time: 0, data };
  const hot = findSource(sources, 'hot');
  expect(hot.select({}).occurrenceOf(ceased)).toBeNull();
  expect(hot.select({ ends: true }).occurrenceOf(ceased)?.data).toMatchObject({ became: 'ceased', key: 'attic' });
});

test('what a schema names is named from the root of the whole', () => {
  const { payloadSchema } = findSource(sources, 'hot');
  const text = JSON.stringify(payloadSchema);
  const named = [...text.matchAll(/"\$ref":"#([^"]*)"/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) {
    const found = path
      .split('/')
      .slice(1)
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], payloadSchema);
    expect([path, found]).toEqual([path, expect.any(Object)]);
  }
});

test('a schema that contains itself is met where it stands', () => {
  const tree = { type: 'object', properties: { next: { $ref: '#' }, leaf: { $ref: '#/$defs/leaf' } } };
  const whole = withProperty({ type: 'object', properties: {} }, 'data', { ...tree, $defs: { leaf: { $ref: '#' } } });
  expect(whole).toEqual({
    type: 'object',
    properties: {
      data: { type: 'object', properties: { next: { $ref: '#/properties/data' }, leaf: { $ref: '#/$defs/leaf' } } },
    },
    $defs: { leaf: { $ref: '#/properties/data' } },
  });
});
