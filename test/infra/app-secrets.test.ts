/** Secrets that an app declares, on their way to AWS: which ones are deployed, and what is refused before. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { checkApp } from '../../infra/aws/check-app.ts';
import { secretNames } from '../../infra/aws/secret.ts';
import { defineApp, http, httpTool, secret, stream } from '../../src/index.ts';

const schema = z.object({ id: z.string(), celsius: z.number() });
const app = defineApp({
  name: 'plant',
  version: '1',
  description: 'A plant',
  streams: {
    pushed: stream({ description: 'Pushed', schema, push: { token: secret('PUSH_TOKEN') } }),
    pulled: stream({
      description: 'Pulled',
      schema,
      id: 'id',
      feed: http({
        url: secret('FEED_URL'),
        headers: { 'X-Key': secret('API_KEY'), 'X-More': secret('MORE', null, { optional: true }) },
      }),
    }),
  },
  tools: {
    ask: httpTool({
      description: 'Asks',
      url: 'https://api.example/ask',
      headers: { Authorization: secret('API_KEY', (key) => `Bearer ${key}`) },
    }),
  },
});

test('all that are needed are deployed, each once, and the optional ones that are named', () => {
  expect(secretNames(app, [], {})).toEqual(['PUSH_TOKEN', 'FEED_URL', 'API_KEY']);
  expect(secretNames(app, ['MORE'], {})).toEqual(['PUSH_TOKEN', 'FEED_URL', 'API_KEY', 'MORE']);
});

test('a secret that would stand in the template is refused, and so is one that is not declared', () => {
  expect(() => secretNames(app, [], { API_KEY: 'x' })).toThrow(
    /API_KEY is a secret.*aws secretsmanager create-secret --name <app>\/API_KEY/,
  );
  for (const own of ['TIDEGATE_SECRET', 'UPSTASH_REDIS_REST_TOKEN', 'AWS_SECRET_ACCESS_KEY']) {
    expect(() => secretNames(app, [], { [own]: 'x'.repeat(40) })).toThrow(`${own} would stand in the template`);
  }
  expect(() => secretNames(app, [], { SOURCE: 'https://user:word@host.example/' })).toThrow('SOURCE would stand');
  expect(secretNames(app, [], { SOURCE: 'https://host.example/', LOG_LEVEL: 'debug' })).toHaveLength(3);
  expect(() => secretNames(app, ['MOER'], {})).toThrow('the app declares no secret MOER');
});

test('an app with secrets is checked without their values; what does not depend on them is still refused', () => {
  const names = secretNames(app, [], {});
  expect(() => checkApp(app, names, {})).not.toThrow();
  expect(() =>
    checkApp(
      app,
      names.filter((name) => name !== 'API_KEY'),
      {},
    ),
  ).toThrow('API_KEY');
  const parsing = defineApp({
    name: 'parsing',
    version: '1',
    description: 'Reads its key out of JSON',
    streams: {
      pulled: stream({
        description: 'Pulled',
        schema,
        id: 'id',
        feed: http({
          url: 'https://api.example',
          headers: { Key: secret('KEYS', (text) => (JSON.parse(text) as { key: string }).key) },
        }),
      }),
    },
  });
  expect(() => checkApp(parsing, ['KEYS'], {})).not.toThrow();
});

test('secrets by which callers are known are deployed where they are named, and stand in no template', () => {
  expect(secretNames(app, ['TIDEGATE_KEY', 'OAUTH_CLIENT_SECRET'], {})).toEqual([
    'PUSH_TOKEN',
    'FEED_URL',
    'API_KEY',
    'TIDEGATE_KEY',
    'OAUTH_CLIENT_SECRET',
  ]);
  expect(() => secretNames(app, [], { TIDEGATE_KEY: 'x'.repeat(40) })).toThrow('TIDEGATE_KEY is a secret');
  expect(() => secretNames(app, [], { OAUTH_CLIENT_SECRET: 'x' })).toThrow('OAUTH_CLIENT_SECRET is a secret');
});
