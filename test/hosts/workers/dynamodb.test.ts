/** The Worker on DynamoDB, where it is built with it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startDynamo } from '../../services/dynamodb.ts';
import { json, startHttpSource } from '../../services/http-feed.ts';
import { quakeCollection } from '../../services/quakes.ts';
import { connectClient } from '../clients.ts';
import { startWorker } from './workerd.ts';

describe.skipIf(!requireService('dynamodb'))('the Worker on DynamoDB (needs java)', () => {
  test('what cron pulls is read through MCP', { timeout: 60_000 }, async () => {
    const dynamo = await startDynamo();
    onTestFinished(() => dynamo.stop());
    const source = await startHttpSource();
    onTestFinished(() => source.close());
    source.on('/quakes', json(quakeCollection([{ id: 'a' }, { id: 'b' }])));
    const variables = {
      STORE: 'dynamodb',
      DYNAMODB_TABLE: dynamo.table,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      AWS_REGION: dynamo.region,
      AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
      QUAKES_URL: `${source.origin}/quakes`,
    };
    const worker = await startWorker(variables, 'test/hosts/workers/dynamodb-app.ts');
    onTestFinished(() => worker.stop());
    expect(await worker.cron()).toBe(true);
    const client = await connectClient(worker.url);
    onTestFinished(() => client.close());
    expect((await client.history('quakes')).map(({ id }) => id)).toEqual(expect.arrayContaining(['a', 'b']));
  });
});
