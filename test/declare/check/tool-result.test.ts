import { expect, test } from 'vitest';
import * as z from 'zod';
import { toolResult } from '../../../src/declare/check/tool-result.ts';

const Output = z.object({ sum: z.number() });

test.each([
  ['a text alone', 'six', /answered a text alone, and declares `output`/],
  ['content alone', { content: [{ type: 'text' as const, text: 'six' }] }, /output schema does not allow/],
  ['another shape', { structured: { sum: 'six' } }, /output schema does not allow/],
])('%s is a defect of a tool with an output schema', (_what, answer, message) => {
  expect(() => toolResult(answer, Output, 'add')).toThrow(
    expect.objectContaining({ code: 'internal', message: expect.stringMatching(message) as string }),
  );
});

test('a failure in words is none, and a text is right where no schema is declared', () => {
  expect(toolResult({ text: 'no', isError: true }, Output, 'add')).toEqual({
    content: [{ type: 'text', text: 'no' }],
    isError: true,
  });
  expect(toolResult('six', undefined, 'add')).toEqual({ content: [{ type: 'text', text: 'six' }] });
});
