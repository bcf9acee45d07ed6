import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { eventSources, findSource } from '../../../src/streams/sources/sources.ts';

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
