/**
 * The entry suite on Lambda: an app in a folder with the published package alone, synthesized there; its functions' code in processes of
 * their own, with the environment that the template gives them. Once behind a function URL, which streams, and once behind an HTTP API.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { startLambda } from '../../../infra/local/lambda.ts';
import { startSqs } from '../../../infra/local/sqs.ts';
import { synthesizeTarballApp, type TarballApp } from '../aws/tarball-app.ts';
import { environmentOf } from '../aws/template.ts';
import { requireService } from '../../services/available.ts';
import { createTable, type RunningDynamo, startDynamo } from '../../services/dynamodb.ts';
import { startRelay } from '../../services/relay.ts';
import { type EntryHost, entrySuite, type Upstreams } from '../suite.ts';

const SECRET = 'what CloudFormation puts in the place of a reference';

/** The app of the suite, as an operator writes it. */
const APP = readFileSync(join(import.meta.dirname, '../../end-to-end/app.ts'), 'utf8').replace(
  "'../../src/index.ts'",
  "'tidegate'",
);

describe.skipIf(!requireService('dynamodb'))('Lambda (needs java)', () => {
  let made: TarballApp;
  let dynamo: RunningDynamo;
  let tables = 0;
  beforeAll(async () => {
    made = await synthesizeTarballApp({ 'app.ts': APP }, { auth: 'none' });
    dynamo = await startDynamo();
  }, 180_000);
  afterAll(async () => {
    await dynamo?.stop();
    made?.remove();
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
    const queue = await startSqs({ credentials: dynamo.credentials, region: dynamo.region });
    const resolved = (reference: unknown) => {
      const text = JSON.stringify(reference);
      return text.includes('secretsmanager') ? SECRET : text.includes('Tasks') ? queue.url : table;
    };
    const run = (name: string, timeoutMs: number) => {
      const environment = { ...environmentOf(made.template, name, resolved), ...platform, ...given };
      return startLambda({ folder: made.code, handler: name, environment, timeoutMs });
    };
    const http = await run(handler, 30_000);
    const scheduled = await run('lambda-scheduled.scheduled', 20_000);
    const woken = await run('lambda-queue.queue', 20_000);
    queue.consume((batch) => woken.invoke(batch));
    const functions = [http, scheduled, woken];
    return {
      url: () => http.url,
      schedule: () =>
        scheduled.invoke({}).then(
          () => true,
          () => false,
        ),
      async replace(more) {
        for (const each of functions) await each.recycle(more);
      },
      loseStore: () => relay.cut(),
      findStore: () => relay.mend(),
      async stop() {
        queue.consume(null);
        for (const each of functions) await each.stop();
        await queue.stop();
        await relay.stop();
      },
    };
  }

  entrySuite('a function URL', { store: 'dynamodb', notLive: null }, (given) => start('lambda-http.stream', given));
  const notLive = 'an HTTP API answers at once';
  entrySuite('an HTTP API', { store: 'dynamodb', notLive }, (given) => start('lambda-http.buffered', given));
});
