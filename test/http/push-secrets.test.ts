import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, type PushOptions, secret, stream } from '../../src/index.ts';
import { pushKeys, pushTokens } from '../../src/http/push-secrets.ts';

const appWith = (push: PushOptions) =>
  defineApp({
    name: 'pushed',
    version: '1',
    description: 'Takes pushes',
    streams: { files: stream({ description: 'Files', schema: z.object({}), push }) },
  });
const A = secret('A');
const OLD = secret('OLD', null, { optional: true });
const BYTES_24 = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('keys come from the environment, with the current one first; those that are optional may be missing', () => {
  const app = appWith({ standardWebhooks: [A, OLD], github: secret('B') });
  const read = (set: Record<string, string>) => pushKeys(app, (name) => set[name] ?? null).get('files');
  const set = { A: `whsec_${BYTES_24}`, B: "It's a Secret to Everybody" };
  const key = Uint8Array.from(Buffer.from(BYTES_24, 'base64'));
  const github = { by: 'github', keys: [new TextEncoder().encode(set.B)] };
  expect(read(set)).toEqual([{ by: 'standardWebhooks', keys: [key] }, github]);
  expect(read({ ...set, OLD: BYTES_24 })).toEqual([{ by: 'standardWebhooks', keys: [key, key] }, github]);
  expect(pushTokens(app, (name) => set[name as 'A'] ?? null).size).toBe(0);
});

test.each<[string, keyof PushOptions, string | null]>([
  ['not set', 'standardWebhooks', null],
  ['too short', 'standardWebhooks', `whsec_${Buffer.alloc(23, 250).toString('base64')}`],
  ['too long', 'standardWebhooks', `whsec_${Buffer.alloc(65, 250).toString('base64')}`],
  ['no base64', 'standardWebhooks', `whsec_${'+-+/'.repeat(8)}`],
  ['a public key', 'standardWebhooks', `whpk_${BYTES_24}`],
  ['too short', 'github', 'fifteen-letters'],
  ['empty', 'github', ''],
  ['of spaces', 'github', ' '.repeat(40)],
  ['empty', 'standardWebhooks', 'whsec_'],
  ['not set', 'slack', null],
  ['not set', 'stripe', null],
])('a secret that is %s for %s ends the start, and is named but not shown', (_, way, value) => {
  const begin = () => pushKeys(appWith({ [way]: A }), () => value);
  expect(begin).toThrow(expect.objectContaining({ code: 'invalid_config', field: 'A' }));
  if (value !== null && value.length > 10 && value.trim() !== '') expect(begin).not.toThrow(value);
});

test.each([
  ['nothing', {}, 'streams.files.push'],
  ['an unknown way', { gitlab: A }, 'streams.files.push.gitlab'],
  ['a secret that is optional', { github: OLD }, 'streams.files.push.github'],
  ['an optional one before others', { github: [OLD, A] }, 'streams.files.push.github'],
  ['an empty list', { github: [] }, 'streams.files.push.github'],
  ['too many', { github: [A, A, A, A, A] }, 'streams.files.push.github'],
  ['the secret itself', { github: 'sixteen-letters!' }, 'streams.files.push.github'],
  ['the secret itself as a token', { token: 'sixteen-letters!' }, 'streams.files.push.token'],
])('%s is refused in the declaration, and not shown', (_, push, field) => {
  expect(() => appWith(push as PushOptions)).toThrow(expect.objectContaining({ field }));
  expect(() => appWith(push as PushOptions)).not.toThrow(/sixteen/);
});
