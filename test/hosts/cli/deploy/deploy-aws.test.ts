/**
 * `tidegate deploy aws` and `destroy aws`: the real CDK synthesizes; what needs an account is a stand-in for its command and one for
 * Secrets Manager, which the real client asks.
 */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { deployAws } from '../../../../src/hosts/cli/deploy/deploy-aws.ts';
import { destroyAws } from '../../../../src/hosts/cli/deploy/destroy-aws.ts';
import { awsEntry } from '../../../../src/hosts/platforms/aws-entry.ts';
import { defineApp, http, secret, stream } from '../../../../src/index.ts';
import { type SecretsManagerStandIn, startSecretsManager } from '../../../services/secrets-manager.ts';
import { type AppFolder, optionsIn, scriptedAsker } from './app-folder.ts';
import { awsFolder as folderWith, TEMPLATE } from './aws-folder.ts';
import * as z from 'zod';

const app = defineApp({
  name: 'shop',
  version: '1.0.0',
  description: 'A shop',
  streams: {
    prices: stream({
      description: 'Prices.',
      schema: z.object({ price: z.number() }),
      feed: http({
        url: 'https://prices.example/all',
        headers: { A: secret('API_KEY'), B: secret('MAYBE', null, { optional: true }) },
      }),
    }),
  },
});

let manager: SecretsManagerStandIn;
beforeAll(async () => {
  manager = await startSecretsManager();
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', manager.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'an id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a key');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await manager.stop();
});
beforeEach(() => {
  manager.secrets.clear();
  manager.deleted.clear();
  manager.asked.splice(0);
  manager.regions.splice(0);
});

const optionsOf = (folder: AppFolder, given: Parameters<typeof optionsIn>[2] = {}) =>
  optionsIn(folder, app, {
    target: 'aws',
    ...given,
    variables: { ...process.env, AWS_DEFAULT_REGION: 'eu-central-1', ...given.variables },
  });

const cdkCalls = (folder: AppFolder) =>
  folder
    .read('node_modules/aws-cdk/bin/calls.jsonl')
    .trim()
    .split('\n')
    .map((line) =>
      (JSON.parse(line) as { argv: string[] }).argv.filter((arg) => !/^--(app|no-|output)/.test(arg)).join(' '),
    );

test('secrets that are not there are put, by no argument, and the stack is deployed; again nothing is put', async () => {
  const folder = folderWith({ '.env': 'API_KEY=of the shop\nMAYBE=perhaps\n' });
  const options = optionsOf(folder);
  expect(await deployAws(options)).toBe(0);
  expect([...manager.secrets]).toEqual([['shop/API_KEY', 'of the shop']]);
  expect(cdkCalls(folder)).toEqual(['synth --quiet', 'deploy shop --require-approval=never']);
  const said = options.printed.join('\n');
  expect(said).toContain('shop is deployed at https://x.lambda-url.example/mcp');
  expect(said).toMatch(/advice: MAYBE: .*will not have it\n.*optionalSecrets: \['MAYBE'\]/);
  for (const shown of [said, cdkCalls(folder).join(' ')]) expect(shown).not.toContain('of the shop');
  manager.asked.splice(0);
  expect(await deployAws(optionsOf(folder))).toBe(0);
  expect(manager.asked).toEqual(['DescribeSecret shop/API_KEY']);
});

test('a stage has a stack, secrets and a file of secrets of its own', async () => {
  const folder = folderWith({ '.env': 'API_KEY=of this machine\n' });
  const options = optionsOf(folder, { environment: 'prod' });
  expect(await deployAws(options)).toBe(1);
  expect(options.printed.join('\n')).toMatch(/error: API_KEY: .*no value\n.*\.env\.prod/);
  folder.write('.env.prod', 'API_KEY=of production\n');
  expect(await deployAws(optionsOf(folder, { environment: 'prod' }))).toBe(0);
  expect([...manager.secrets]).toEqual([['shop-prod/API_KEY', 'of production']]);
  expect(cdkCalls(folder).at(-1)).toBe('--context=stage=prod deploy shop-prod --require-approval=never');
});

test('on a terminal it asks for what has no value; a plan as JSON, a no and a dry run make nothing', async () => {
  const folder = folderWith({});
  expect(await deployAws(optionsOf(folder, { dryRun: true, yes: false }))).toBe(0);
  expect(manager.asked).toEqual([]);
  const plan = optionsOf(folder, { json: true, yes: false, variables: { API_KEY: 'x' } });
  expect(await deployAws(plan)).toBe(0);
  expect(JSON.parse(plan.printed[0] ?? '')).toMatchObject({
    platform: 'aws',
    name: 'shop',
    isReady: true,
    steps: [{ state: 'to do' }, {}],
  });
  const no = scriptedAsker({ 'Deploy shop?': 'n' });
  await expect(deployAws(optionsOf(folder, { yes: false, asker: no }))).rejects.toMatchObject({ code: 'cancelled' });
  expect([...manager.secrets]).toEqual([]);
  const asker = scriptedAsker({ 'Deploy shop?': 'yes', API_KEY: 'typed' });
  expect(await deployAws(optionsOf(folder, { yes: false, asker }))).toBe(0);
  expect([asker.asked[1], ...manager.secrets.values()]).toEqual(['hidden: API_KEY (not shown):', 'typed']);
});

test('a value that the functions would refuse is put nowhere, whether it was found or typed', async () => {
  const pushed = defineApp({
    name: 'shop',
    version: '1.0.0',
    description: 'A shop',
    streams: {
      prices: stream({
        description: 'Prices.',
        schema: z.object({ price: z.number() }),
        push: { token: secret('PUSH_TOKEN') },
      }),
    },
  });
  const template = TEMPLATE.replaceAll('API_KEY', 'PUSH_TOKEN');
  const folder = folderWith({ 'template.json': template, '.env': 'PUSH_TOKEN=short\n' });
  for (const dryRun of [true, false]) {
    const options = { ...optionsOf(folder, { dryRun }), app: pushed };
    expect(await deployAws(options)).toBe(1);
    expect(options.printed.join('\n')).toMatch(/error: PUSH_TOKEN: [^]*at least 16/);
    expect(options.printed.join('\n')).not.toContain('[vars]');
  }
  folder.removeFile('.env');
  const asker = scriptedAsker({ 'Deploy shop?': 'y', PUSH_TOKEN: 'short' });
  const typed = deployAws({ ...optionsOf(folder, { yes: false, asker }), app: pushed });
  await expect(typed).rejects.toMatchObject({ code: 'invalid_input', field: 'PUSH_TOKEN' });
  expect([...manager.secrets]).toEqual([]);
  expect(cdkCalls(folder).filter((call) => call.startsWith('deploy'))).toEqual([]);
});

test('a stack of another stage than was asked for is neither deployed over nor deleted', async () => {
  const other = TEMPLATE.replace('"STORE"', '"TIDEGATE_STAGE":"staging","STORE"');
  for (const [template, environment, field] of [
    [other, 'prod', /the stage staging, and the stage prod is asked for/],
    [other, null, /the stage staging, and no stage is asked for/],
    [TEMPLATE.replace('"STORE"', '"TIDEGATE_STAGE":null,"STORE"'), 'prod', /no stage, and the stage prod is asked for/],
  ] as const) {
    const folder = folderWith({ 'template.json': template });
    for (const run of [deployAws, destroyAws]) {
      const refused = run(optionsOf(folder, { environment, variables: { API_KEY: 'x' } }));
      await expect(refused).rejects.toThrow(field);
      await expect(refused).rejects.toMatchObject({ code: 'invalid_config', field: '--stage' });
    }
    expect(cdkCalls(folder).filter((call) => /deploy|destroy/.test(call))).toEqual([]);
  }
  expect([...manager.secrets]).toEqual([]);
});

test('secrets are put where the stack is, wherever else the credentials would', async () => {
  const folder = folderWith({}, { region: 'ap-south-1' });
  expect(await deployAws(optionsOf(folder, { variables: { API_KEY: 'x', AWS_REGION: 'us-east-1' } }))).toBe(0);
  expect(new Set(manager.regions)).toEqual(new Set(['ap-south-1']));
});

test('of much that CDK says the reason is told', async () => {
  const warnings = Array.from({ length: 20 }, (_, at) => `console.error('WARNING ${at}');`).join('\n');
  const folder = folderWith({ 'aws.ts': `${warnings}\nthrow new Error('the real reason');\n` });
  folder.removeFile('template.json');
  await expect(deployAws(optionsOf(folder, { dryRun: true }))).rejects.toThrow(/the real reason/);
});

test('a queue that is given by its ARN has to be looked at by whoever deploys, and the command is said', async () => {
  const resources = (JSON.parse(TEMPLATE) as { Resources: object }).Resources;
  const Variables = { STORE: 'dynamodb', TIDEGATE_FEED: 'jobs' };
  const template = JSON.stringify({
    Resources: {
      ...resources,
      Jobs: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: 'arn:aws:sqs:eu-central-1:123456789012:orders', FunctionName: { Ref: 'Jobs' } },
      },
    },
  });
  const options = optionsOf(folderWith({ 'template.json': template }), { dryRun: true });
  expect(await deployAws(options)).toBe(0);
  expect(options.printed.join('\n')).toMatch(
    /advice: sources\.jobs: .*30 s.*\n.*VisibilityTimeout.*--queue-name orders/,
  );
});

test('a value of ours that nobody asked to deploy is told', async () => {
  const folder = folderWith({ '.env': `API_KEY=x\nMETRICS_TOKEN=${'m'.repeat(40)}\n` });
  const options = optionsOf(folder, { dryRun: true });
  expect(await deployAws(options)).toBe(0);
  expect(options.printed.join('\n')).toContain("optionalSecrets: ['METRICS_TOKEN']");
});

test('what fails is told with what CDK says, and the next run goes on', async () => {
  const folder = folderWith({}, { fails: 'deploy' });
  const variables = { API_KEY: 'x' };
  await expect(deployAws(optionsOf(folder, { variables }))).rejects.toThrow(/cdk deploy failed: .*not bootstrapped/s);
  expect([...manager.secrets.keys()]).toEqual(['shop/API_KEY']);
  manager.deleted.add('shop/API_KEY');
  await expect(deployAws(optionsOf(folder, { variables }))).rejects.toMatchObject({
    expected: expect.stringContaining('restore-secret'),
  });
});

test(
  'the real CDK synthesizes in a dry run, which leaves the folder as it was; a mistake of the stack is its message',
  { timeout: 90_000 },
  async () => {
    const module = `import { defineApp, secret, stream } from 'tidegate';
import * as z from 'zod';
export default defineApp({ name: 'shop', version: '1.0.0', description: 'A shop', streams: {
  prices: stream({ description: 'Prices.', schema: z.object({ price: z.number() }), push: { token: secret('PUSH_TOKEN') } }) } });\n`;
    const folder = folderWith({ 'app.ts': module });
    folder.removeFile('template.json');
    folder.removeFile('aws.ts');
    const options = optionsOf(folder, { dryRun: true, yes: false, environment: 'prod' });
    expect(await deployAws(options)).toBe(0);
    expect(options.printed.join('\n')).toMatch(
      /secret shop-prod\/PUSH_TOKEN +unknown[^]*stack shop-prod \(\d\d resources\) +to do +cdk deploy shop-prod/,
    );
    expect(folder.names()).toEqual(['app.ts']);
    const program = awsEntry('./app.ts', 'keys');
    folder.write('aws.ts', program.replace(", auth: 'keys'", ''));
    await expect(deployAws(optionsOf(folder, { dryRun: true }))).rejects.toThrow(
      /cannot be made:\ntidegate: auth: expected/,
    );
  },
);

test('destroy says what goes and what stays, and asks for the name', async () => {
  const folder = folderWith({});
  const asker = scriptedAsker({ 'Type shop-prod': 'shop-prod' });
  const options = optionsOf(folder, { environment: 'prod', yes: false, asker });
  expect(await destroyAws(options)).toBe(0);
  const said = options.printed.join('\n');
  expect(said).toMatch(/stays: DynamoDB GlobalTable/);
  expect(said).toMatch(/stays: the secrets shop-prod\/API_KEY/);
  expect(cdkCalls(folder).at(-1)).toBe('--context=stage=prod destroy shop-prod --force');
  const wrong = scriptedAsker({ 'Type shop': 'shop-prod' });
  await expect(destroyAws(optionsOf(folder, { yes: false, asker: wrong }))).rejects.toThrow(/nothing was deleted/);
  expect(cdkCalls(folder).filter((call) => call.includes('destroy'))).toHaveLength(1);
});

test.each([
  [false, 'shop is deleted.', true],
  [true, 'There is nothing left to delete: in this account and region CloudFormation has no stack shop.', false],
])('destroy of a stack that is gone already (%s) says so, and has done well', async (isGone, words, found) => {
  const folder = folderWith({}, { isGone });
  const options = optionsOf(folder);
  expect(await destroyAws(options)).toBe(0);
  expect(options.printed.at(-1)).toBe(words);
  const told = optionsOf(folder, { json: true });
  expect(await destroyAws(told)).toBe(0);
  expect(JSON.parse(told.printed.at(-1) ?? '')).toEqual({ done: true, name: 'shop', found });
});
