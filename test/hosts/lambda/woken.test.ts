/**
 * An app in a folder with the published package alone, deployed as its synthesis says, and called by its queue alone: tasks go on and
 * reactions are begun with no schedule. SQS is a stand-in with its protocol.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type RunningLambda, startLambda } from '../../../infra/local/lambda.ts';
import { startSqs } from '../../../infra/local/sqs.ts';
import { requireService } from '../../services/available.ts';
import { startDynamo } from '../../services/dynamodb.ts';
import { synthesizeTarballApp } from '../aws/tarball-app.ts';
import { environmentOf } from '../aws/template.ts';
import { type Asked, mcpCall, push, startRecorder } from '../waking.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');
const FILES = {
  'waking-app.ts': read('../waking-app.ts').replace("'../../src/index.ts'", "'tidegate'"),
  'app.ts': `
    import { wakingApp } from './waking-app.ts';
    export default wakingApp(process.env['RECORD_URL'] ?? 'http://127.0.0.1:1');`,
};
const soon = { timeout: 20_000, interval: 50 };

test.skipIf(!requireService('dynamodb'))(
  'a queue alone brings tasks and reactions on',
  { timeout: 240_000 },
  async () => {
    const made = await synthesizeTarballApp(FILES, { auth: 'keys', optionalSecrets: ['TIDEGATE_KEY'] });
    onTestFinished(() => made.remove());
    const dynamo = await startDynamo();
    onTestFinished(() => dynamo.stop());
    const recorder = await startRecorder();
    onTestFinished(() => recorder.source.close());
    const queue = await startSqs({ credentials: dynamo.credentials, region: dynamo.region });
    onTestFinished(() => queue.stop());
    const { RECORD_URL = '', ...secrets } = recorder.variables;
    const resolved = (reference: unknown) => (JSON.stringify(reference).includes('Tasks') ? queue.url : dynamo.table);
    async function run(handler: string): Promise<RunningLambda> {
      const given = environmentOf(made.template, handler, resolved);
      // What Secrets Manager has, each where the template refers to it.
      for (const name of Object.keys(secrets)) {
        expect(given[name]).toBeDefined();
        given[name] = secrets[name] ?? '';
      }
      const platform = {
        RECORD_URL,
        AWS_REGION: dynamo.region,
        AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      };
      const environment = { ...given, ...platform };
      const lambda = await startLambda({ folder: made.code, handler, environment, timeoutMs: 30_000 });
      onTestFinished(() => lambda.stop());
      return lambda;
    }
    const http = await run('lambda-http.buffered');
    const woken = await run('lambda-queue.queue');
    queue.consume((batch) => woken.invoke(batch));
    onTestFinished(() => queue.consume(null));
    const ask = async ({ method, path, headers, body }: Asked) =>
      (await fetch(`${http.url}${path}`, { method, headers, body })).json() as Promise<object>;

    recorder.expect('t/first', 't/second', 'loud/reacted');
    const begun = await ask(mcpCall('sleeps', { name: 't', ms: 1_000 }, recorder.variables));
    expect(begun).toMatchObject({ result: { taskId: expect.any(String) } });
    expect(await ask(push('loud', 11))).toMatchObject({ appended: 1 });
    await expect.poll(() => recorder.effects('t'), soon).toEqual(['first', 'second']);
    await expect.poll(() => recorder.effects('loud'), soon).toEqual(['reacted']);
    await expect.poll(() => queue.waiting(), soon).toBe(0);
    expect([queue.refused, queue.deadLetters]).toEqual([[], []]);
  },
);
