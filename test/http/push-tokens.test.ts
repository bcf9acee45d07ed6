import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, secret, stream, type PushOptions } from '../../src/index.ts';
import { pushTokens } from '../../src/http/push-secrets.ts';

const appWith = (push: PushOptions) =>
  defineApp({
    name: 'pushed',
    version: '1',
    description: 'Takes pushes',
    streams: {
      files: stream({ description: 'Files', schema: z.object({}), push }),
      other: stream({ description: 'Other', schema: z.object({}) }),
    },
  });

const read = (name: string) => (name === 'FILES_TOKEN' ? 'sixteen-letters!' : null);

test('the token of a stream comes from the environment', () => {
  expect([...pushTokens(appWith({ token: secret('FILES_TOKEN') }), read)]).toEqual([['files', 'sixteen-letters!']]);
});

test.each([
  ['not set', null],
  ['too short', 'fifteen-letters'],
  ['of more than one word', 'fifteen letters and more'],
  ['no ASCII', 'fifteen-and-an-ä'],
])('one that is %s ends the start, and is named but not shown', (_, value) => {
  const begin = () => pushTokens(appWith({ token: secret('FILES_TOKEN') }), () => value);
  expect(begin).toThrow(expect.objectContaining({ code: 'invalid_config', field: 'FILES_TOKEN' }));
  expect(begin).not.toThrow(/fifteen/);
});

test('one that is optional is refused: a stream that takes pushes has to know whose', () => {
  const wrong = { token: secret('FILES_TOKEN', null, { optional: true }) };
  expect(() => appWith(wrong)).toThrow(expect.objectContaining({ field: 'streams.files.push.token' }));
});

test('one that is written into the declaration is refused there', () => {
  const wrong = { token: 'sixteen-letters!' } as unknown as PushOptions;
  expect(() => appWith(wrong)).toThrow(expect.objectContaining({ field: 'streams.files.push.token' }));
});
