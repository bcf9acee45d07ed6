/**
 * Has cfn-lint, which is AWS's own and knows what CloudFormation takes, look at the templates of some deployments: `npm run lint:aws`. It is a program of
 * Python (`pip install cfn-lint`), named by `CFN_LINT` where it is not on the path. Status 1: it found a mistake.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type App, defineApp, eventBridge, iot, kinesis, sqs, stream, tool } from '../../../src/index.ts';
import type { TidegateProps } from '../../../src/aws.ts';
import { sourcesOf } from '../../examples/aws/sources.ts';
import { PLANT, synthesize } from './template.ts';

const handed = (feed: ReturnType<typeof sqs>) => stream({ description: 'Handed', schema: z.unknown(), feed });
const declare = (more: Partial<Parameters<typeof defineApp>[0]>): App =>
  defineApp({ name: 'some', version: '1', description: 'Some app', ...more });
const queue = { queueArn: 'arn:aws:sqs:eu-central-1:123456789012:jobs' } as Parameters<typeof sourcesOf>[0];

const DEPLOYMENTS: Readonly<Record<string, Partial<TidegateProps>>> = {
  plain: { app: PLANT },
  asked: {
    stage: 'prod',
    tags: { team: 'heat' },
    secret: 2,
    secretsRevision: 2,
    concurrency: 20,
    encryption: 'managed',
    maxReadUnits: 200,
    maxWriteUnits: 100,
    requestSeconds: 120,
    alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:pager',
    data: 'delete',
  },
  closed: { access: 'iam', auth: undefined, dashboard: false },
  tools: { app: declare({ tools: { add: tool({ description: 'Adds', run: async () => '2' }) } }), auth: 'none' },
  sources: {
    app: declare({
      streams: { quotes: handed(kinesis()), jobs: handed(sqs()), plant: handed(iot()), orders: handed(eventBridge()) },
    }),
    sources: sourcesOf(queue),
  },
};

/** CDK says a dependency beside a reference that says it too. */
const IGNORED = 'W3005';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-lint-'));
try {
  const files = Object.entries(DEPLOYMENTS).map(([name, settings]) => {
    const file = join(folder, `${name}.template.json`);
    writeFileSync(file, JSON.stringify(synthesize(settings).toJSON(), null, 1));
    return file;
  });
  const program = process.env['CFN_LINT'] ?? 'cfn-lint';
  const given = ['--ignore-checks', IGNORED, '--regions', 'eu-central-1', 'us-east-1', '--', ...files];
  const { error, status } = spawnSync(program, given, { stdio: 'inherit' });
  if (error) throw new Error(`${program} does not run (${error.message}): pip install cfn-lint`);
  console.log(`${files.length} templates, ${status === 0 ? 'without a mistake' : 'with mistakes'}`);
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
