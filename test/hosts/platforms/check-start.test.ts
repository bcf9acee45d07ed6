/** An app is checked before it is deployed, while its secrets have no value yet. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { startMistake } from '../../../src/hosts/platforms/check-start.ts';
import { defineApp, http, secret, stream } from '../../../src/index.ts';

const schema = z.object({ id: z.string() });
const pulling = (key: ReturnType<typeof secret>) =>
  defineApp({
    name: 'pulling',
    version: '1',
    description: 'Pulls with a key',
    streams: {
      pulled: stream({
        description: 'Pulled',
        schema,
        id: 'id',
        feed: http({ url: 'https://api.example', headers: { Key: key } }),
      }),
    },
  });

test('a secret that is not named is a mistake, and one that is named is not', () => {
  const app = pulling(secret('API_KEY'));
  expect(startMistake(app, [], {})).toMatchObject({ code: 'invalid_config', field: 'API_KEY' });
  expect(startMistake(app, ['API_KEY'], {})).toBeNull();
});

test('what the app makes of a secret may ask for more than any text', () => {
  const app = pulling(secret('KEYS', (text) => (JSON.parse(text) as { key: string }).key));
  expect(startMistake(app, ['KEYS'], {})).toBeNull();
});
