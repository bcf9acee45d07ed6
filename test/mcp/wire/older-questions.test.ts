/** Questions in the form of the revision of the client that is asked. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { form, page } from '../../../src/index.ts';
import { checkAnswer } from '../../../src/declare/check/ask-answers.ts';
import { readAnswer, wireRequest } from '../../../src/declare/check/ask-wire.ts';
import { questionFor } from '../../../src/mcp/wire/older-questions.ts';

const about = { title: z.string().optional(), description: z.string().optional() };
const count = z.int().min(0).optional();

/** What `elicitation/create` of 2025-06-18 may have, and nothing beside it. */
const Params20250618 = z.strictObject({
  message: z.string(),
  requestedSchema: z.strictObject({
    type: z.literal('object'),
    properties: z.record(
      z.string(),
      z.union([
        z.strictObject({
          type: z.literal('string'),
          ...about,
          minLength: count,
          maxLength: count,
          format: z.enum(['email', 'uri', 'date', 'date-time']).optional(),
        }),
        z.strictObject({
          type: z.enum(['number', 'integer']),
          ...about,
          minimum: z.number().optional(),
          maximum: z.number().optional(),
        }),
        z.strictObject({ type: z.literal('boolean'), ...about, default: z.boolean().optional() }),
        z.strictObject({
          type: z.literal('string'),
          ...about,
          enum: z.array(z.string()),
          enumNames: z.array(z.string()).optional(),
        }),
      ]),
    ),
    required: z.array(z.string()).optional(),
  }),
});

const colour = z.enum(['red', 'blue']);
const titled = z.union([z.literal('#f00').meta({ title: 'Red' }), z.literal('#00f').meta({ title: 'Blue' })]);

const schema = z.object({
  text: z.string().min(1).max(9).describe('Any text').default('x'),
  mail: z.email().optional(),
  day: z.iso.date(),
  age: z.int().min(0).max(120).default(36),
  share: z.number(),
  sure: z.boolean().default(true),
  one: colour.default('red'),
  named: titled.describe('As it is called').default('#f00'),
  some: z.array(colour).min(1).max(2).describe('What to paint'),
  more: z.array(titled).default(['#00f']),
  odd: z.array(z.enum(['a, b', 'c'])).optional(),
  none: z.array(colour),
});
const asked = wireRequest(form('Tell', schema), 'ask.all');

function older(version: string) {
  const { params } = questionFor(asked, version, ['s', 'key']);
  return params as { mode?: string; requestedSchema: { properties: Record<string, Record<string, unknown>> } };
}

describe('a form', () => {
  test.each(['2025-06-18', '2025-03-26', '2024-11-05'])(
    'is within the schema of 2025-06-18 for a client of %s',
    (version) => {
      expect(Params20250618.safeParse(older(version))).toMatchObject({ success: true });
      expect(Params20250618.safeParse(asked.params).success).toBe(false);
    },
  );

  test('stays as it is for a client of 2025-11-25', () => {
    expect(older('2025-11-25')).toEqual(asked.params);
  });

  test('tells in words what it cannot have', () => {
    const { requestedSchema } = older('2025-06-18');
    expect(requestedSchema).toMatchObject({ required: ['day', 'share', 'some', 'none'] });
    expect(requestedSchema.properties).toMatchObject({
      text: { type: 'string', description: 'Any text (default: x)' },
      age: { type: 'integer', description: '(default: 36)' },
      sure: { type: 'boolean', default: true },
      one: { enum: ['red', 'blue'], description: '(default: red)' },
      named: { enum: ['#f00', '#00f'], enumNames: ['Red', 'Blue'] },
      some: {
        type: 'string',
        description:
          'What to paint (a list of some of red, blue, at least 1 and at most 2 items, with commas between them)',
      },
      more: { description: '(a list of some of #f00 (Red), #00f (Blue), with commas between them; default: #00f)' },
      odd: { description: '(a list of some of a, b, c, as JSON such as ["a, b"])' },
    });
  });

  test('is answered in the same words, by what the handler takes and by what is stored of the question', () => {
    const content = {
      day: '2026-11-20',
      share: 1,
      named: '#00f',
      some: 'red, blue',
      more: '#f00,#00f',
      odd: '["a, b","c"]',
      none: '',
    };
    const lists = { some: ['red', 'blue'], more: ['#f00', '#00f'], odd: ['a, b', 'c'], none: [] };
    const answer = { action: 'accept' as const, content };
    expect(readAnswer(form('Tell', schema), answer, 'r')).toMatchObject({ content: lists });
    expect(checkAnswer(asked, answer, 'r')).toMatchObject({ content: lists });
    const wrong = { ...answer, content: { ...content, some: 'green' } };
    expect(() => checkAnswer(asked, wrong, 'r')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

const pages = (url: string) => wireRequest(page('Sign in', url), 'ask.in');
const idOf = (url: string, of: readonly string[]) => questionFor(pages(url), '2025-11-25', of).params.elicitationId;

describe('the id of a page', () => {
  test('is the same each time that it is shown, and of no other caller, question or URL', () => {
    const ids = [
      idOf('https://example.org/in', ['session', 'request', 'in']),
      idOf('https://example.org/in', ['session', 'other', 'in']),
      idOf('https://example.org/in', ['other', 'request', 'in']),
      idOf('https://example.org/in', ['session', 'request', 'in:2']),
      idOf('https://example.org/out', ['session', 'request', 'in']),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe(idOf('https://example.org/in', ['session', 'request', 'in']));
    const again = { ...pages('https://example.org/in'), params: { ...pages('https://example.org/in').params } };
    again.params.message = 'Sign in\n(Asked again: it)';
    expect(questionFor(again, '2025-11-25', ['session', 'request', 'in']).params.elicitationId).toBe(ids[0]);
  });

  test('is of 2025-11-25 alone', () => {
    expect(pages('https://example.org/in').params).not.toHaveProperty('elicitationId');
  });
});
