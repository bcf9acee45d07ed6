import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { checkedCondition } from '../../../src/declare/check/condition.ts';
import type { Condition } from '../../../src/declare/condition.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import type { JsonObject } from '../../../src/base/json.ts';

const stream = {
  name: 'boilers',
  keyed: true,
  jsonSchema: z.toJSONSchema(
    z.object({
      celsius: z.number().nullable(),
      state: z.string().nullable(),
      tags: z.array(z.string()),
      motor: z.object({ temp: z.number(), serial: z.string() }).optional(),
      extra: z.record(z.string(), z.number()),
    }),
  ) as JsonObject,
};

/** What a condition is refused with; null where it is let pass. */
function refusal(condition: unknown, on = stream): TidegateError | null {
  try {
    checkedCondition(condition, on, 'when');
    return null;
  } catch (error) {
    if (error instanceof TidegateError) return error;
    throw error;
  }
}

describe('a condition on a stream', () => {
  test.each<[string, Condition, string, RegExp]>([
    [
      'a field that it does not have',
      { kind: 'threshold', field: 'celsus', above: 1 },
      'when.field',
      /^a field of boilers, one of the known names celsius, .*\(did you mean celsius\?\)$/,
    ],
    [
      'one below a field that may be absent',
      { kind: 'rate', field: 'motor.tmp', above: 1, per: 'day', overMs: 1 },
      'when.field',
      /^a field of boilers, one of the known names motor.temp, motor.serial \(did you mean motor.temp\?\)$/,
    ],
    ['one in a list', { kind: 'match', where: { 'tags.0': 'x' } }, 'when.where.tags.0', /^a field of boilers/],
    ['one below a text', { kind: 'change', field: 'state.x' }, 'when.field', /^a field of boilers/],
    [
      'a text where a number is compared',
      { kind: 'threshold', field: 'state', above: 1 },
      'when.field',
      /^the path of a number in boilers, such as celsius$/,
    ],
    [
      'the same of a change by so much',
      { kind: 'change', field: 'motor', by: 1 },
      'when.field',
      /^the path of a number/,
    ],
    ['no field where the data are no number', { kind: 'threshold', above: 1 }, 'when.field', /^the path of a number/],
  ])('%s', (_what, condition, field, expected) => {
    expect(refusal(condition)).toMatchObject({
      code: 'invalid_input',
      field,
      expected: expect.stringMatching(expected) as string,
    });
  });

  test.each<Condition>([
    { kind: 'threshold', field: 'celsius', above: 30, key: 'boiler-1' },
    { kind: 'rate', field: 'motor.temp', above: 30, per: 'hour', overMs: 1_000 },
    { kind: 'absence', forMs: 1_000, where: { state: null } },
    { kind: 'change' },
    { kind: 'change', field: 'motor' },
    { kind: 'threshold', field: 'extra.whatever', above: 1 },
    { kind: 'match', where: { 'motor.serial': { exists: false } } },
  ])('%j is let pass', (condition) => {
    expect(refusal(condition)).toBeNull();
    expect(checkedCondition(condition, stream, 'when')).toBe(condition);
  });

  test('where the schema tells nothing, any field may be', () => {
    expect(refusal({ kind: 'threshold', field: 'x.y', above: 1 }, { ...stream, jsonSchema: {} })).toBeNull();
    const number = { ...stream, jsonSchema: { type: 'number' } };
    expect(refusal({ kind: 'threshold', above: 1 }, number)).toBeNull();
    expect(refusal({ kind: 'threshold', field: 'x', above: 1 }, number)?.field).toBe('when.field');
  });

  test('a mistake in its shape is told alone', () => {
    expect(refusal({ kind: 'threshold', field: 'no' })).toMatchObject({ code: 'invalid_input', field: 'when' });
    expect(refusal(null)).toMatchObject({ code: 'invalid_input', field: 'when' });
  });

  test('a key of a stream without keys', () => {
    const error = refusal({ kind: 'match', key: 'a' }, { ...stream, keyed: false });
    expect(error).toMatchObject({
      field: 'when.key',
      expected: 'to be left out, because the events of boilers have no keys',
    });
  });

  test('every mistake is in the message, the first in the fields', () => {
    const error = refusal({ kind: 'threshold', field: 'no', above: 1, where: { never: 1 } });
    expect(error?.field).toBe('when.field');
    expect(error?.message.split('\n').map((line) => line.split(':')[0])).toEqual(['when.field', 'when.where.never']);
  });
});
