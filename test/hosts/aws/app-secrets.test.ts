/** Secrets that an app declares, on their way to AWS: which ones are deployed, and what is refused before. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { secretNames } from '../../../src/hosts/aws/secrets.ts';
import { awsNames } from '../../../src/hosts/platforms/aws-names.ts';
import { defineApp, http, httpTool, secret, stream } from '../../../src/index.ts';

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
const namesOf = (chosen: readonly string[], environment: Record<string, string> = {}, stage: string | null = null) =>
  secretNames(app, chosen, environment, awsNames('plant', stage));
const NEEDED = ['PUSH_TOKEN', 'FEED_URL', 'API_KEY'];

test('all that are needed are deployed, each once, and the optional ones that are named', () => {
  expect(namesOf([])).toEqual(NEEDED);
  expect(namesOf(['MORE'])).toEqual([...NEEDED, 'MORE']);
});

test('a secret that would stand in the template is refused, and so is one that is not declared', () => {
  const put = expect.stringContaining('aws secretsmanager create-secret --name plant/API_KEY') as string;
  expect(() => namesOf([], { API_KEY: 'x' })).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'environment.API_KEY', hint: put }),
  );
  expect(() => namesOf([], { API_KEY: 'x' }, 'prod')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('--name plant-prod/API_KEY') as string }),
  );
  for (const own of ['TIDEGATE_SECRET', 'UPSTASH_REDIS_REST_TOKEN', 'AWS_SECRET_ACCESS_KEY']) {
    const refused = expect.objectContaining({ field: `environment.${own}` }) as Error;
    expect(() => namesOf([], { [own]: 'x'.repeat(40) })).toThrow(refused);
  }
  expect(() => namesOf([], { SOURCE: 'https://user:word@host.example/' })).toThrow('environment.SOURCE');
  expect(namesOf([], { SOURCE: 'https://host.example/', LOG_LEVEL: 'debug' })).toHaveLength(3);
  expect(() => namesOf(['MOER'])).toThrow('did you mean MORE?');
});

test('secrets by which callers are known are deployed where they are named, and stand in no template', () => {
  const both = ['TIDEGATE_KEY', 'OAUTH_CLIENT_SECRET', 'METRICS_TOKEN'];
  expect(namesOf(both)).toEqual([...NEEDED, ...both]);
  for (const name of both) expect(() => namesOf([], { [name]: 'x'.repeat(40) })).toThrow(`environment.${name}`);
});
