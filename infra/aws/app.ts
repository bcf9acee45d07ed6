/**
 * The CDK app, for the app that is deployed. Settings come as context (`-c name=value`): `access=iam` closes the URLs to who
 * does not sign for IAM, `data=delete` gives the table up with the stack, `feedLagMinutes` (60), `alarmTopicArn`, `secret`
 * (1; the next number changes it), and `environment`, a JSON object of variables for the functions.
 */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import declared from '../../src/app.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { bundleTemporarily } from './bundle.ts';
import { createStack } from './stack.ts';

const Settings = z.object({
  access: z.enum(['open', 'iam']).default('open'),
  data: z.enum(['keep', 'delete']).default('keep'),
  feedLagMinutes: z.coerce.number().positive().default(60),
  alarmTopicArn: z.string().startsWith('arn:').nullable().default(null),
  secret: z.coerce.number().int().positive().default(1),
  environment: z
    .string()
    .default('{}')
    .transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
});

const cdk = new App();
const context = (name: string) => cdk.node.tryGetContext(name) as unknown;
const settings = Settings.parse(Object.fromEntries(Object.keys(Settings.shape).map((name) => [name, context(name)])));
// Refuses here what the functions would refuse at their start or later.
readConfig({ ...settings.environment }, 'memory');
createHost({ app: declared, store: createMemoryStore(), runtime: systemRuntime(() => {}) });

const code = bundleTemporarily();
try {
  createStack(cdk, declared.name, {
    description: declared.description,
    code,
    app: declared.name,
    access: settings.access,
    keepData: settings.data === 'keep',
    feedLagMinutes: settings.feedLagMinutes,
    topicArn: settings.alarmTopicArn,
    environment: settings.environment,
    secretGeneration: settings.secret,
  });
  cdk.synth();
} finally {
  rmSync(dirname(code), { recursive: true, force: true });
}
