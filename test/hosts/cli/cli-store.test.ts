/** What the command line says of a store that it cannot use: which variable, what was expected, soon, and without a stack. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { type RunningEngine, startEngine } from '../../services/engine.ts';
import { refused, runCli } from '../child.ts';

/** AWS's client finds nothing of the machine that the tests run on. */
const NOWHERE = {
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  AWS_EC2_METADATA_DISABLED: 'true',
};
/** Tables that are somebody else's: their keys are others, fewer, or of another type. */
const OTHER_TABLES = [
  ['other-keys', ['id', 'at'], 'S'],
  ['one-key', ['pk'], 'S'],
  ['numbers', ['pk', 'sk'], 'N'],
] as const;
const LIMIT_MS = 30_000;
/** A process starts in one or two seconds on a busy machine; a ping takes 3 at most, and Redis is asked once before. */
const SOON_MS = 15_000;

/** Takes a request and never answers. */
const silent = createServer(() => {});
/** Answers, but is no engine. */
const other = createServer((_request, response) => void response.writeHead(200).end('<html>hello</html>'));
let [silentUrl, otherUrl] = ['', ''];

beforeAll(async () => {
  for (const server of [silent, other]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  [silentUrl, otherUrl] = [silent, other].map((s) => `http://127.0.0.1:${(s.address() as AddressInfo).port}`) as [
    string,
    string,
  ];
});
afterAll(() => {
  for (const server of [silent, other]) {
    server.closeAllConnections();
    server.close();
  }
});

/** Both commands refuse to start with these variables, naming this one. */
async function refusedBy(variables: Record<string, string>, variable: string, words: RegExp): Promise<void> {
  const startedAt = Date.now();
  for (const found of await Promise.all([
    refused(runCli(['start'], variables)),
    refused(runCli(['stdio'], variables)),
  ])) {
    expect(found.status).toBe(1);
    expect(found.words).toMatch(new RegExp(`^ {2}${variable}: expected \\S`, 'm'));
    expect(found.words).toMatch(words);
    expect(found.words).not.toMatch(/secret/);
  }
  expect(Date.now() - startedAt).toBeLessThan(SOON_MS);
}

describe.skipIf(!requireService('redis'))('on redis (needs redis-server)', { timeout: LIMIT_MS }, () => {
  let engine: RunningEngine;
  beforeAll(async () => {
    engine = await startEngine('redis');
  }, LIMIT_MS);
  afterAll(() => engine?.stop());

  test('a token that is refused', () =>
    refusedBy(
      { ...engine.environment, UPSTASH_REDIS_REST_TOKEN: 'wrong-and-secret' },
      'UPSTASH_REDIS_REST_TOKEN',
      /Redis refused the token/,
    ));

  test.each<[string, () => string, RegExp]>([
    ['refuses', () => 'http://127.0.0.1:2', /cannot be reached: connect ECONNREFUSED[^]*look whether it runs/],
    ['never answers', () => silentUrl, /cannot be reached: .*timeout/],
    ['is something else', () => otherUrl, /cannot be reached: ./],
  ])('an address that %s', (_what, url, words) =>
    refusedBy({ ...engine.environment, UPSTASH_REDIS_REST_URL: url() }, 'UPSTASH_REDIS_REST_URL', words),
  );
});

describe.skipIf(!requireService('dynamodb'))('on dynamodb (needs java)', { timeout: LIMIT_MS }, () => {
  let engine: RunningEngine;
  let variables: Record<string, string>;
  beforeAll(async () => {
    engine = await startEngine('dynamodb');
    variables = { ...engine.environment, ...NOWHERE };
    const client = new DynamoDBClient({
      endpoint: engine.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
      region: 'local',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    for (const [TableName, names, type] of OTHER_TABLES) {
      const AttributeDefinitions = names.map((AttributeName) => ({ AttributeName, AttributeType: type }));
      const KeySchema = names.map(
        (AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' }) as const,
      );
      await client.send(
        new CreateTableCommand({ TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions, KeySchema }),
      );
    }
    client.destroy();
  }, LIMIT_MS);
  afterAll(() => engine?.stop());

  test.each(['not-there', ...OTHER_TABLES.map(([name]) => name)])('the table %s', (table) =>
    refusedBy({ ...variables, DYNAMODB_TABLE: table }, 'DYNAMODB_TABLE', new RegExp(`no table ${table} of Tidegate`)),
  );

  test('no region', () => {
    const { AWS_REGION: _region, ...rest } = variables;
    return refusedBy(rest, 'AWS_REGION', /AWS_REGION is not set/);
  });

  test('no credentials', () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...rest } = variables;
    return refusedBy(rest, 'AWS_ACCESS_KEY_ID', /AWS refused the credentials, or found none/);
  });

  test.each<[string, () => string, RegExp]>([
    ['refuses', () => 'http://127.0.0.1:2', /cannot be reached: connect ECONNREFUSED[^]*look whether it runs/],
    ['never answers', () => silentUrl, /cannot be reached: ./],
    ['is something else', () => otherUrl, /cannot be reached: ./],
  ])('an endpoint that %s', (_what, url, words) =>
    refusedBy({ ...variables, AWS_ENDPOINT_URL_DYNAMODB: url() }, 'AWS_ENDPOINT_URL_DYNAMODB', words),
  );

  test('a region that there is not', () => {
    const { AWS_ENDPOINT_URL_DYNAMODB: _endpoint, ...rest } = variables;
    return refusedBy({ ...rest, AWS_REGION: 'eu-nowhere-9' }, 'AWS_REGION', /cannot be reached: ./);
  });
});
