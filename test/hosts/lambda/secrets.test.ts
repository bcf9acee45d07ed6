/** An app with a secret of its own on Lambda: it gets what the template refers to, and says what is missing. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startLambda } from '../../../infra/local/lambda.ts';
import { bundleTemporarily } from '../../../src/hosts/aws/bundle.ts';
import app from '../../examples/first/app.ts';
import { environmentOf, synthesize } from '../aws/template.ts';
import { requireService } from '../../services/available.ts';
import { type RunningDynamo, startDynamo } from '../../services/dynamodb.ts';

const TOKEN = 'a-token-that-Secrets-Manager-has';

describe.skipIf(!requireService('dynamodb'))('an app with a secret on Lambda (needs java)', () => {
  let built: ReturnType<typeof bundleTemporarily>;
  let dynamo: RunningDynamo;
  beforeAll(async () => {
    built = bundleTemporarily({ appFile: join(import.meta.dirname, '../../examples/first/app.ts') }, ['lambda-http']);
    dynamo = await startDynamo();
  }, 30_000);
  afterAll(async () => {
    await dynamo?.stop();
    built.remove();
  }, 30_000);

  /** @param values what Secrets Manager has */
  async function push(values: Record<string, string>, token: string): Promise<Response> {
    const template = synthesize({ app, auth: 'none' });
    const resolved = (reference: unknown) =>
      JSON.stringify(reference).includes('secretsmanager') ? 'what the functions seal with, 32 or more' : dynamo.table;
    const { TASKS_QUEUE_URL, ...given } = environmentOf(template, 'lambda-http.buffered', resolved);
    expect(TASKS_QUEUE_URL).toBeDefined();
    for (const [name, value] of Object.entries(given)) {
      const [, asked] = new RegExp(`^\\{\\{resolve:secretsmanager:${app.name}/(\\w+):`).exec(value) ?? [];
      if (asked !== undefined) given[name] = values[asked] ?? '';
    }
    const platform = {
      AWS_REGION: dynamo.region,
      AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    };
    const environment = { ...given, ...platform };
    const handler = 'lambda-http.buffered';
    const lambda = await startLambda({ folder: built.code, handler, environment, timeoutMs: 20_000 });
    onTestFinished(() => lambda.stop());
    return fetch(`${lambda.url}/ingest/rooms`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({ room: 'hall', celsius: 20 }),
    });
  }

  test('takes it from where the template refers to', { timeout: 30_000 }, async () => {
    expect((await push({ PUSH_TOKEN: TOKEN }, TOKEN)).status).toBeLessThan(300);
    expect((await push({ PUSH_TOKEN: TOKEN }, 'another-token-which-is-wrong')).status).toBe(401);
  });

  test('says by its name that it is not there', { timeout: 30_000 }, async () => {
    const refused = await push({}, TOKEN);
    expect([refused.status, await refused.json()]).toMatchObject([500, { field: 'PUSH_TOKEN' }]);
  });
});
