/** Questions as they are sent, and answers as they come back: what MCP's flat forms can say, and what is refused. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { checkAnswer } from '../../src/declare/check/ask-answers.ts';
import { readAnswer, wireRequest } from '../../src/declare/check/ask-wire.ts';
import { form, page } from '../../src/declare/ask.ts';

const request = form('Who are you?', z.object({ name: z.string().min(1).max(20), age: z.int().default(30) }));

describe('a request', () => {
  test('is sent as a flat form, without what MCP has no word for', () => {
    const { method, params } = wireRequest(form('Mail?', z.object({ mail: z.email() })), 'ask.mail');
    expect(method).toBe('elicitation/create');
    expect(params).toEqual({
      mode: 'form',
      message: 'Mail?',
      requestedSchema: {
        type: 'object',
        properties: { mail: { type: 'string', format: 'email' } },
        required: ['mail'],
      },
    });
  });

  test('has no format that MCP does not know, and what it does not say is held against the answer', () => {
    const request = form('?', z.object({ id: z.uuid(), day: z.iso.date(), at: z.iso.datetime(), to: z.url() }));
    const { properties } = wireRequest(request, 'ask.x').params.requestedSchema as { properties: object };
    expect(properties).toEqual({
      id: { type: 'string' },
      day: { type: 'string', format: 'date' },
      at: { type: 'string', format: 'date-time' },
      to: { type: 'string', format: 'uri' },
    });
    const content = { id: 'x', day: '2026-01-01', at: '2026-01-01T00:00:00Z', to: 'https://example.org' };
    expect(() => readAnswer(request, { action: 'accept', content }, 'a')).toThrow(
      expect.objectContaining({ code: 'invalid_input', field: 'a.content.id' }),
    );
  });

  test('has choices with titles, in a list too', () => {
    const speed = z.union([z.literal('low').meta({ title: 'Slow' }), z.literal('high')]);
    const titled = form('?', z.object({ speed: speed.default('low'), all: z.array(speed).optional() }));
    const wire = wireRequest(titled, 'ask.x');
    const choices = [
      { const: 'low', title: 'Slow' },
      { const: 'high', title: 'high' },
    ];
    expect(wire.params.requestedSchema).toMatchObject({
      properties: {
        speed: { type: 'string', oneOf: choices, default: 'low' },
        all: { type: 'array', items: { anyOf: choices } },
      },
    });
    const response = { action: 'accept', content: { speed: 'high', all: ['low'] } };
    expect(readAnswer(titled, checkAnswer(wire, response, 'a'), 'a')).toEqual(response);
    expect(() => checkAnswer(wire, { action: 'accept', content: { speed: 'mid' } }, 'a')).toThrow(
      expect.objectContaining({ field: 'a.content.speed' }),
    );
  });

  test('may be a page', () => {
    expect(wireRequest(page('Sign in', 'https://example.org/in'), 'ask.in').params).toMatchObject({ mode: 'url' });
  });

  test.each([
    ['an object in it', form('?', z.object({ a: z.object({}) })), 'ask.x.a'],
    ['a schema that JSON cannot say', form('?', z.object({ at: z.date() })), 'ask.x.at'],
    ['no object', form('?', z.string()), 'ask.x'],
    ['too long', form('?'.repeat(40_000), z.object({})), 'ask.x'],
    ['a page without TLS', page('?', 'http://example.org'), 'ask.x.url'],
    ['no URL', page('?', 'nothing'), 'ask.x.url'],
  ])('with %s is refused', (_what, refused, field) => {
    expect(() => wireRequest(refused, 'ask.x')).toThrow(expect.objectContaining({ code: 'invalid_config', field }));
  });
});

describe('an answer', () => {
  const wire = wireRequest(request, 'ask.who');
  const check = (response: unknown) => checkAnswer(wire, response, 'inputResponses.who');

  test('gets the defaults of the schema', () => {
    const answer = check({ action: 'accept', content: { name: 'Ada' } });
    expect(readAnswer(request, answer, 'ask.who')).toEqual({ action: 'accept', content: { name: 'Ada', age: 30 } });
  });

  test('has an empty text for what was left empty, unless the field takes one', () => {
    const asked = form('?', z.object({ mail: z.email().optional(), age: z.int().default(30), note: z.string() }));
    const response = { action: 'accept', content: { mail: '', age: '', note: '' } };
    const answer = checkAnswer(wireRequest(asked, 'a'), response, 'a');
    expect(readAnswer(asked, answer, 'a')).toEqual({ action: 'accept', content: { age: 30, note: '' } });
    expect(readAnswer(asked, response as typeof answer, 'a')).toEqual(readAnswer(asked, answer, 'a'));
  });

  test('that declines carries nothing', () => {
    expect(check({ action: 'decline', content: { name: 7 } })).toEqual({ action: 'decline' });
  });

  test.each([
    [null, 'inputResponses.who'],
    [{ action: 'maybe' }, 'inputResponses.who.action'],
    [{ action: 'accept' }, 'inputResponses.who.content.name'],
    [{ action: 'accept', content: { name: '' } }, 'inputResponses.who.content.name'],
    [{ action: 'accept', content: { name: 'Ada', age: 'old' } }, 'inputResponses.who.content.age'],
    [JSON.parse('{"action":"accept","content":{"name":"Ada","__proto__":1}}'), 'inputResponses.who.content.__proto__'],
    [JSON.parse('{"action":"accept","content":{"name":"Ada"},"__proto__":1}'), 'inputResponses.who.__proto__'],
  ])('%j is refused by its field', (response, field) => {
    expect(() => check(response)).toThrow(expect.objectContaining({ code: 'invalid_input', field }));
  });

  test.each([
    ['sampling/createMessage', { role: 'assistant', content: { type: 'text', text: 'tide' }, model: 'm' }, true],
    ['sampling/createMessage', { role: 'assistant', content: 'tide', model: 'm' }, false],
    ['roots/list', { roots: [{ uri: 'file:///a', name: 'a' }] }, true],
    ['roots/list', { roots: ['file:///a'] }, false],
  ] as const)('to %s is %j: %s', (method, response, good) => {
    const checked = () => checkAnswer({ method, params: {} }, response, 'r');
    if (good) expect(checked()).toEqual({ action: 'accept', content: response });
    else expect(checked).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  test.each<[object, string | null]>([
    [{ type: 'text', text: '' }, null],
    [{ type: 'image', data: 'AA==', mimeType: 'image/png' }, null],
    [{ type: 'audio', data: 'AA==', mimeType: 'audio/wav', _meta: { a: 1 } }, null],
    [{ type: 'tool_use', id: '1', name: 'n', input: {} }, null],
    [{ type: 'tool_result', toolUseId: '1', content: [{ type: 'text', text: 'a' }] }, null],
    [{ type: 'text' }, 'text'],
    [{ type: 'text', text: [1] }, 'text'],
    [{ type: 'image', data: 'AA==' }, 'mimeType'],
    [{ type: 'tool_use', name: 'n', input: {} }, 'id'],
    [{ type: 'tool_result', toolUseId: '1' }, 'content'],
    [{ type: 'video' }, 'type'],
    [{}, 'type'],
  ])("content of a model's answer: of %j the wrong field is %j", (block, wrong) => {
    for (const [content, place] of [
      [block, ''],
      [[{ type: 'text', text: 'a' }, block], '.1'],
    ] as const) {
      const response = { role: 'assistant', model: 'm', content };
      const checked = () => checkAnswer({ method: 'sampling/createMessage', params: {} }, response, 'r');
      if (wrong === null) expect(checked()).toEqual({ action: 'accept', content: response });
      else {
        const field = `r.content${place}.${wrong}`;
        expect(checked).toThrow(expect.objectContaining({ code: 'invalid_input', field }));
      }
    }
  });

  test('beyond the limit is refused', () => {
    const long = { action: 'accept', content: { name: 'a'.repeat(40_000) } };
    expect(() => check(long)).toThrow(expect.objectContaining({ code: 'too_large' }));
  });
});
