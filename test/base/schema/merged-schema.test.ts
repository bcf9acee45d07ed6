/** One schema in place of several accepts whatever one of them does. */
import { expect, test } from 'vitest';
import { mergedSchema } from '../../../src/base/schema/merged-schema.ts';

const text = { type: 'string' };
const number = { type: 'number' };

test('objects become one, with what all of them require', () => {
  const a = { type: 'object', properties: { id: text, a: number }, required: ['id', 'a'], additionalProperties: false };
  const b = { type: 'object', properties: { id: number, b: text }, required: ['id'], additionalProperties: false };
  const merged = {
    type: 'object',
    properties: { id: { anyOf: [text, number] }, a: number, b: text },
    required: ['id'],
    additionalProperties: false,
  };
  expect(mergedSchema([a, b])).toEqual(merged);
  expect(mergedSchema([a, { anyOf: [b, text, text] }])).toEqual({ anyOf: [merged, text] });
  expect(mergedSchema([a, { ...b, additionalProperties: true }])).not.toHaveProperty('additionalProperties');
});

test('what is anything makes it anything, and one alone stays as it is', () => {
  expect(mergedSchema([text, { description: 'Anything' }])).toEqual({});
  expect(mergedSchema([text])).toEqual(text);
});
