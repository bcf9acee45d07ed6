/**
 * `tidegate deploy aws`: synthesizes the stack that the folder's own module makes, puts the secrets that its template refers to and that are not
 * there, and deploys with the operator's CDK. Each step can be done again; before the plan is agreed to nothing is made.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { TidegateError } from '../../../base/errors.ts';
import { loopbackFeeds } from '../../platforms/aws-checks.ts';
import { AWS_FILE } from '../../platforms/aws-entry.ts';
import { appNeeds } from '../../platforms/app-needs.ts';
import type { PlatformFinding } from '../../platforms/finding.ts';
import { OPTIONAL_SECRETS } from '../../platforms/own-secrets.ts';
import { judgeStack } from './aws-values.ts';
import { openSecretsManager, secretsOfTemplate } from './aws-secrets.ts';
import { onlyStack, queuesByArn } from './aws-stack.ts';
import { probeStack, type StackProbe } from './aws-probe.ts';
import { type Cdk, openCdk, saidByCdk } from './cdk.ts';
import { commandFailed } from './cloudflare-account.ts';
import { agreed, showPlan } from './consent.ts';
import type { DeployOptions } from './deploy-options.ts';
import { hasErrors, type DeployPlan, type DeployStep, sortedFindings } from './plan.ts';
import { openSecretSources, type SecretSources } from './secret-values.ts';
import { temporaryFolder } from './programs/temporary-folder.ts';

const Outputs = z.record(z.string(), z.record(z.string(), z.string()));

/** A secret that the template refers to. */
interface Referred {
  /** In Secrets Manager. */
  name: string;
  variable: string;
  found: { value: string; from: string } | null;
  /** Null: nobody asked. */
  isThere: boolean | null;
}

/** Answers the exit status. @throws TidegateError for what stands in the way, and for a step that failed */
export async function deployAws(options: DeployOptions): Promise<number> {
  const probe = probeStack(options.folder, options.appFile, options.variables['AUTH'] ?? 'keys');
  try {
    return await deployStack(options, probe);
  } finally {
    probe.end();
  }
}

async function deployStack(options: DeployOptions, probe: StackProbe): Promise<number> {
  const { app, folder, variables, environment, dryRun, json, yes, asker } = options;
  const cdk = openCdk(options, probe.file);
  const { name: stack, template, region } = onlyStack(await cdk.synthesize(), environment);
  const sources = openSecretSources(folder, variables, environment);
  const names = secretsOfTemplate(template);
  const manager = dryRun || names.length === 0 ? null : openSecretsManager(folder, variables, region);
  try {
    const secrets: Referred[] = [];
    for (const name of names) {
      const variable = basename(name);
      secrets.push({ name, variable, found: sources.find(variable), isThere: (await manager?.isThere(name)) ?? null });
    }
    const plan = planOf(options, { stack, secrets, template, sources, probe });
    showPlan(options, plan, null, () => []);
    if (hasErrors(plan)) return 1;
    if (dryRun || (json && !yes)) return 0;
    await agreed(options, `Deploy ${stack}?`);
    const values = new Map<string, string>();
    for (const { name, variable, found, isThere } of secrets) {
      if (isThere === false) values.set(name, found?.value ?? (await askedValue(variable, asker)));
    }
    const [wrong] = judgeStack(app, template, valuesOf(secrets, values));
    if (wrong !== undefined) {
      throw new TidegateError('invalid_input', wrong.message, { field: wrong.field, expected: wrong.fix });
    }
    if (probe.written !== null) writeFileSync(join(folder, AWS_FILE), probe.written, { flag: 'wx' });
    for (const [name, value] of values) await manager?.create(name, value);
    tellDone(options, stack, await deployed(cdk, stack, options.tell));
    return 0;
  } finally {
    manager?.close();
  }
}

/** By their variables: what will be put, null for what is there or is not known. */
function valuesOf(
  secrets: readonly Referred[],
  values: ReadonlyMap<string, string>,
): ReadonlyMap<string, string | null> {
  return new Map(secrets.map(({ name, variable }) => [variable, values.get(name) ?? null]));
}

interface Found {
  stack: string;
  secrets: readonly Referred[];
  template: string;
  sources: SecretSources;
  probe: StackProbe;
}

function planOf(
  { app, environment, dryRun, asker, json }: DeployOptions,
  { stack, secrets, template, sources, probe }: Found,
): DeployPlan {
  const canAsk = asker.isThere && !json;
  const missing = secrets.filter(({ isThere, found }) => isThere === false && found === null && !canAsk);
  const referred = new Set(secrets.map(({ variable }) => variable));
  const optional = [
    ...appNeeds(app)
      .secrets.filter((one) => one.optional)
      .map(({ name }) => name),
    ...OPTIONAL_SECRETS,
  ];
  const unused = optional.filter((name) => !referred.has(name) && sources.find(name) !== null);
  const found = new Map(
    secrets.flatMap(({ name, found: one, isThere }) => (one && !isThere ? [[name, one.value]] : [])),
  );
  const findings: PlatformFinding[] = [
    ...judgeStack(app, template, valuesOf(secrets, found)),
    ...unused.map((name) => ({
      level: 'advice' as const,
      field: name,
      message: `${name} is optional and has a value here, and the functions will not have it`,
      fix: `optionalSecrets: ['${name}'] in aws.ts`,
    })),
    ...loopbackFeeds(appNeeds(app)),
    ...appNeeds(app).losing.flatMap(({ feed, what, fix, handed }) =>
      handed ? [] : [{ level: 'advice' as const, field: `feeds.${feed}`, message: what, fix }],
    ),
    ...queuesByArn(template).map(({ feed, arn }) => ({
      level: 'advice' as const,
      field: `sources.${feed}`,
      message: `whether ${arn} hides its messages for 30 s at least cannot be seen from here, and AWS refuses it where not`,
      fix: `look for VisibilityTimeout: aws sqs get-queue-attributes --attribute-names VisibilityTimeout --queue-url "$(aws sqs get-queue-url --queue-name ${arn.split(':').at(-1)} --query QueueUrl --output text)"`,
    })),
    ...missing.map(({ variable }) => ({
      level: 'error' as const,
      field: variable,
      message: `the secret ${variable} has no value`,
      fix: `set it in the environment or in ${sources.file}, or run this on a terminal, where you are asked for it`,
    })),
  ];
  return {
    platform: 'aws',
    does: 'deploy',
    name: stack,
    environment,
    account: null,
    isDry: dryRun,
    findings: sortedFindings(findings),
    steps: [
      ...(probe.written === null ? [] : [{ what: `write ${AWS_FILE}`, state: 'to do' as const, command: null }]),
      ...secrets.map(secretStep),
      { what: `stack ${stack} (${resourcesIn(template)})`, state: 'to do', command: `cdk deploy ${stack}` },
    ],
    stays: [],
    bundle: null,
  };
}

function secretStep({ name, found, isThere }: Referred): DeployStep {
  const how = found === null ? 'asked for' : `from ${found.from}`;
  const command = isThere === true ? null : `secretsmanager create-secret ${name}  (${how})`;
  return { what: `secret ${name}`, state: isThere === null ? 'unknown' : isThere ? 'there' : 'to do', command };
}

function resourcesIn(template: string): string {
  const { Resources = {} } = JSON.parse(template) as { Resources?: Record<string, unknown> };
  return `${Object.keys(Resources).length} resources`;
}

async function askedValue(variable: string, { askHidden }: DeployOptions['asker']): Promise<string> {
  for (;;) {
    const value = await askHidden(`${variable} (not shown): `);
    if (value !== '') return value;
  }
}

/** The outputs of the stack. */
async function deployed(cdk: Cdk, stack: string, tell: (text: string) => void): Promise<Record<string, string>> {
  const folder = temporaryFolder('tidegate-outputs-');
  const file = join(folder.path, 'outputs.json');
  try {
    const end = await cdk.run(['deploy', stack, '--require-approval=never', `--outputs-file=${file}`], tell);
    if (end.status !== 0) throw commandFailed('cdk deploy', saidByCdk(end));
    return Outputs.parse(JSON.parse(readFileSync(file, 'utf8')))[stack] ?? {};
  } finally {
    folder.remove();
  }
}

function tellDone({ print, json }: DeployOptions, stack: string, outputs: Record<string, string>): void {
  const { Url, AddToClient, Dashboard, TableName } = outputs;
  if (json) return print(JSON.stringify({ done: true, name: stack, url: Url ?? null, outputs }));
  print(`${stack} is deployed${Url === undefined ? '' : ` at ${Url}`}.`);
  if (AddToClient !== undefined) print(`For a client:   ${AddToClient}`);
  if (Dashboard !== undefined) print(`Dashboard:      ${Dashboard}`);
  if (TableName !== undefined)
    print(`With AUTH=keys: STORE=dynamodb DYNAMODB_TABLE=${TableName} AWS_REGION=… npx tidegate keys create --name me`);
}
