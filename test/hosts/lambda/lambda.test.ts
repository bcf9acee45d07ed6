/**
 * The entry suite on Lambda: the bundle as it is deployed, in processes of its own, with the environment that the
 * template gives it; once behind a function URL, which streams, and once behind an HTTP API.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { startLambda } from '../../../infra/local/lambda.ts';
import { bundleTemporarily } from '../../../src/hosts/aws/bundle.ts';
import app from '../../end-to-end/app.ts';
import { environmentOf, synthesize } from '../aws/template.ts';
import { requireService } from '../../services/available.ts';
import { createTable, type RunningDynamo, startDynamo } from '../../services/dynamodb.ts';
import { startRelay } from '../../services/relay.ts';
import { type EntryHost, entrySuite, type Upstreams } from '../suite.ts';

const SECRET = 'what CloudFormation puts in the place of a reference';

const APP = join(import.meta.dirname, '../../end-to-end/app.ts');

describe.skipIf(!requireService('dynamodb'))('Lambda (needs java)', () => {
  const template = synthesize({ app, auth: 'none' });
  let built: ReturnType<typeof bundleTemporarily>;
  let dynamo: RunningDynamo;
  let tables = 0;
  beforeAll(async () => {
    built = bundleTemporarily({ appFile: APP }, ['lambda-http', 'lambda-scheduled']);
    dynamo = await startDynamo();
  }, 30_000);
  afterAll(async () => {
    await dynamo?.stop();
    built.remove();
  }, 30_000);

  async function start(handler: string, given: Upstreams): Promise<EntryHost> {
    const table = `${dynamo.table}-${(tables += 1)}`;
    await createTable(dynamo, table);
    const relay = await startRelay(Number(new URL(dynamo.endpoint).port));
    // What the platform itself gives to a function, and where AWS is here.
    const platform = {
      AWS_REGION: dynamo.region,
      AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${relay.port}`,
    };
    const resolved = (reference: unknown) => (JSON.stringify(reference).includes('secretsmanager') ? SECRET : table);
    const run = (name: string, timeoutMs: number) => {
      // Without the queue the schedule finds all there is to do, and the suite counts on its calls.
      const { TASKS_QUEUE_URL: _queue, ...variables } = environmentOf(template, name, resolved);
      const environment = { ...variables, ...platform, ...given };
      return startLambda({ folder: built.code, handler: name, environment, timeoutMs });
    };
    const http = await run(handler, 30_000);
    const scheduled = await run('lambda-scheduled.scheduled', 20_000);
    return {
      url: () => http.url,
      schedule: () =>
        scheduled.invoke({}).then(
          () => true,
          () => false,
        ),
      async replace() {
        await http.recycle();
        await scheduled.recycle();
      },
      loseStore: () => relay.cut(),
      findStore: () => relay.mend(),
      async stop() {
        await http.stop();
        await scheduled.stop();
        await relay.stop();
      },
    };
  }

  entrySuite('a function URL', { store: 'dynamodb', notLive: null }, (given) => start('lambda-http.stream', given));
  const notLive = 'an HTTP API answers at once';
  entrySuite('an HTTP API', { store: 'dynamodb', notLive }, (given) => start('lambda-http.buffered', given));
});
