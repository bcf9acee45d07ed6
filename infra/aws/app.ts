/** The CDK app, for the app that is deployed. Settings come as context (`-c name=value`); README.md has them. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import declared from '../../src/app.ts';
import { bundleTemporarily } from './bundle.ts';
import { checkApp } from './check-app.ts';
import { checkCallers, withAuth } from './callers.ts';
import { secretNames } from './secret.ts';
import { createStack } from './stack.ts';

const count = z.coerce.number().int().positive();

const Settings = z.object({
  access: z.enum(['open', 'iam']).default('open'),
  auth: z.string().nullable().default(null),
  data: z.enum(['keep', 'delete']).default('keep'),
  feedLagMinutes: z.coerce.number().positive().default(60),
  alarmTopicArn: z.string().startsWith('arn:').nullable().default(null),
  secret: count.default(1),
  secretsRevision: count.default(1),
  optionalSecrets: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((name) => name.trim() || [])),
  concurrency: count.nullable().default(null),
  encryption: z.enum(['owned', 'managed']).default('owned'),
  maxReadUnits: count.nullable().default(null),
  maxWriteUnits: count.nullable().default(null),
  environment: z
    .string()
    .default('{}')
    .transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
});

const cdk = new App();
const context = (name: string) => cdk.node.tryGetContext(name) as unknown;
const settings = Settings.parse(Object.fromEntries(Object.keys(Settings.shape).map((name) => [name, context(name)])));
const environment = withAuth(settings.environment, settings.auth);
const secrets = secretNames(declared, settings.optionalSecrets, environment);
// Refuses here what the functions would refuse at their start or later.
const auth = await checkCallers(environment, secrets);
checkApp(declared, secrets, environment);

const code = bundleTemporarily();
try {
  createStack(cdk, declared.name, {
    description: declared.description,
    code,
    app: declared.name,
    access: settings.access,
    auth,
    keepData: settings.data === 'keep',
    feedLagMinutes: settings.feedLagMinutes,
    topicArn: settings.alarmTopicArn,
    environment,
    secretGeneration: settings.secret,
    secrets,
    secretsRevision: settings.secretsRevision,
    concurrency: settings.concurrency,
    encryption: settings.encryption,
    maxReadUnits: settings.maxReadUnits,
    maxWriteUnits: settings.maxWriteUnits,
  });
  cdk.synth();
} finally {
  rmSync(dirname(code), { recursive: true, force: true });
}
