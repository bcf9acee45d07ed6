/** Which tasks can be begun with the events of a source: refused is what no event can have, and nothing else. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { misfitOf } from '../../../src/calls/events/task-fit.ts';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { eventSources } from '../../../src/streams/sources/sources.ts';

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ machine: z.string(), celsius: z.number(), note: z.string().optional() }),
  key: 'machine',
});
const hot = trigger({
  description: 'A machine is hot',
  on: temps,
  when: { kind: 'threshold', field: 'celsius', above: 90 },
  payload: { schema: z.object({ machine: z.string() }), of: ({ key }) => ({ machine: key ?? '' }) },
});
const sources = eventSources(
  defineApp({ name: 'plant', version: '1', description: 'A plant', streams: { temps }, triggers: { hot } }),
);

function misfit(input: z.ZodType, source = 'hot') {
  const found = sources.get(source);
  if (!found) throw new Error('no source');
  return misfitOf(input, found);
}

test.each([
  [z.object({ machine: z.string() }), 'it needs machine (a text), and events have eventId, name, timestamp, data'],
  [z.object({ data: z.string() }), 'it needs data (a text), and events have an object there'],
  [
    z.object({ data: z.object({ machine: z.string() }) }),
    'it needs data.machine (a text), and events have title, became, key, value, severity, events, payload in data',
  ],
  [
    z.object({ data: z.object({ value: z.boolean() }) }),
    'it needs data.value (true or false), and events have a number or null there',
  ],
  [z.strictObject({ data: z.unknown() }), 'it takes no eventId, which every event has'],
])('what no occurrence of a trigger has is told: %#', (input, said) => {
  expect(misfit(input)).toBe(said);
});

test.each([
  z.object({}),
  z.unknown(),
  z.object({ machine: z.string().optional() }),
  z.object({ machine: z.string().default('all') }),
  z.object({ eventId: z.string(), data: z.object({ payload: z.object({ machine: z.string() }) }) }),
  z.object({ data: z.object({ key: z.string(), severity: z.string() }) }),
  z.object({ data: z.object({ value: z.number() }) }),
  z.object({ data: z.coerce.string() }),
  z.preprocess((given) => ({ machine: (given as { eventId: string }).eventId }), z.object({ machine: z.string() })),
  z.union([z.object({ machine: z.string() }), z.object({ eventId: z.string() })]),
  z.object({ data: z.record(z.string(), z.unknown()) }),
  z.strictObject({ eventId: z.string(), name: z.string(), timestamp: z.string(), data: z.looseObject({}) }),
])('what some occurrence may have is not refused: %#', (input) => {
  expect(misfit(input)).toBeNull();
});

const inData = (shape: z.ZodType) => z.object({ data: z.object({ data: shape }) });

test('events of a stream are judged by the schema of its data', () => {
  expect(misfit(inData(z.object({ machine: z.string(), note: z.string() })), 'stream.temps')).toBeNull();
  expect(misfit(inData(z.object({ celsius: z.string() })), 'stream.temps')).toBe(
    'it needs data.data.celsius (a text), and events have a number there',
  );
});
