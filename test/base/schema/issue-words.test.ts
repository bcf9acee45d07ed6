/** Of data that their schema refuses: the field as it was written, what was expected, what was found. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { describeIssues, UNWORDED } from '../../../src/base/schema/issue-words.ts';

const Reading = z.object({ room: z.string(), kwh: z.number(), meter: z.object({ serialNo: z.string() }).optional() });
const Strict = z.strictObject({ room: z.string(), kwh: z.number() });

function told(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value, UNWORDED);
  if (error === undefined) throw new Error('it is accepted');
  return describeIssues(schema, value, error, 'body');
}

test.each<[z.ZodType, unknown, string, string]>([
  [Reading, { room: 'a', kwh: '1' }, 'a number, found "1"', 'body.kwh: expected a number, found "1"'],
  [Reading, { room: 'a' }, 'a number, found nothing', 'body.kwh: missing, expected a number'],
  [
    Reading,
    { room: 'a', kwh: Number.NaN },
    'a number, found NaN, which is no number',
    'body.kwh: expected a number, found NaN, which is no number',
  ],
  [
    Reading,
    { room: 'a', kwh: Infinity },
    'a number, found a number beyond ±1.8e308',
    'body.kwh: expected a number, found a number beyond ±1.8e308',
  ],
  [Reading, 5, 'an object, found 5', 'body: expected an object, found 5'],
  [
    Reading,
    { room: 'a', kWh: 1, kw: 2 },
    'a number, found nothing; kWh is unknown, did you mean kwh?',
    'body.kwh: missing, expected a number; kWh is unknown, did you mean kwh?',
  ],
  [
    Reading,
    { room: 'a', kwh: 1, meter: { serial_no: 'x' } },
    'a text, found nothing; serial_no is unknown, did you mean serialNo?',
    'body.meter.serialNo: missing, expected a text; serial_no is unknown, did you mean serialNo?',
  ],
  // A name that is known is not taken for another one, and neither is one that is far.
  [
    z.object({ on: z.string(), no: z.string() }),
    { no: 'a', x: 1 },
    'a text, found nothing',
    'body.on: missing, expected a text',
  ],
  // Where unknown names are refused, the unknown one says it.
  [
    Strict,
    { room: 'a', kWh: 1 },
    'a number, found nothing',
    'body.kwh: missing, expected a number\nbody.kWh: unknown here, did you mean kwh? (known: room, kwh)',
  ],
  [z.object({ n: z.number('must be even') }), { n: 'x' }, 'must be even', 'body.n: must be even'],
])('%#', (schema, value, why, text) => {
  expect(told(schema, value)).toMatchObject({ why, text });
});
