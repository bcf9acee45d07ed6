/** What a deployment would make: complete, and with no more rights than it needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';
import { DYNAMODB_TABLE } from '../../../src/store/dynamodb/table.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { METRICS, METRICS_NAMESPACE } from '../../../src/hosts/lambda/metrics.ts';
import * as z from 'zod';
import { defineApp, secret, stream } from '../../../src/index.ts';
import { environmentOf, synthesize } from './template.ts';

interface Statement {
  Action: string | string[];
  Effect: string;
  Resource?: unknown;
}

let template: Template;
beforeAll(() => {
  template = synthesize();
}, 60_000);

const HANDLERS = ['lambda-http.stream', 'lambda-http.buffered', 'lambda-scheduled.scheduled', 'lambda-queue.queue'];
/** They take entries out of logs. */
const WORKING = HANDLERS.slice(2);

const keys = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' },
  { AttributeName: range, KeyType: 'RANGE' },
];

function propertiesOf(type: string): Record<string, unknown>[] {
  return Object.values(template.findResources(type)).map(
    (resource) => (resource as { Properties: Record<string, unknown> }).Properties,
  );
}

function statements(): Statement[] {
  const policies = propertiesOf('AWS::IAM::Role').flatMap(({ Policies }) => Policies as unknown[]);
  expect(policies.length).toBeGreaterThan(3);
  expect(template.findResources('AWS::IAM::Policy')).toEqual({});
  return policies.flatMap(
    (policy) => (policy as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument.Statement,
  );
}

test('the table is the one that the driver defines, on demand, recoverable, and kept', () => {
  const { partitionKey, sortKey, dueIndex, ttlAttribute } = DYNAMODB_TABLE;
  template.hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys(partitionKey.name, sortKey.name),
      TimeToLiveSpecification: { AttributeName: ttlAttribute, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      GlobalSecondaryIndexes: [
        {
          IndexName: dueIndex.name,
          KeySchema: keys(dueIndex.partitionKey.name, dueIndex.sortKey.name),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      AttributeDefinitions: Match.arrayWith(
        [partitionKey, sortKey, dueIndex.partitionKey, dueIndex.sortKey].map(({ name, type }) => ({
          AttributeName: name,
          AttributeType: type,
        })),
      ),
    },
  });
});

test('data that may go, goes with the stack', () => {
  synthesize({ data: 'delete' }).hasResource('AWS::DynamoDB::Table', {
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtectionEnabled: false },
  });
});

test('four functions run one code on Node 24 and arm64, each with a log that ends', () => {
  template.resourceCountIs('AWS::Lambda::Function', HANDLERS.length);
  const codes = new Set(propertiesOf('AWS::Lambda::Function').map(({ Code }) => JSON.stringify(Code)));
  expect(codes.size).toBe(1);
  for (const Handler of HANDLERS) {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Handler,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      LoggingConfig: { LogFormat: 'Text', LogGroup: { Ref: Match.anyValue() } },
    });
  }
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  template.resourceCountIs('AWS::Logs::LogGroup', HANDLERS.length);
});

test.each(HANDLERS)('%s gets an environment that its start accepts, and that names the table', (handler) => {
  const [table] = Object.keys(template.findResources('AWS::DynamoDB::Table'));
  const given = environmentOf(template, handler, (reference) => JSON.stringify(reference));
  const { TIDEGATE_SECRET, TASKS_QUEUE_URL, ...environment } = given;
  const names = { STORE: 'dynamodb', DYNAMODB_TABLE: JSON.stringify({ Ref: table }) };
  expect(environment).toEqual({ AUTH: 'keys', ...names });
  expect(TIDEGATE_SECRET).toContain('{{resolve:secretsmanager:');
  expect(TASKS_QUEUE_URL).toMatch(/^\{"Ref":"Tasks/);
  expect(readConfig({ ...environment, DYNAMODB_TABLE: 'table' }, 'memory')).toMatchObject({
    auth: { modes: ['keys'] },
    store: { name: 'dynamodb', values: { DYNAMODB_TABLE: 'table' } },
  });
});

/** Logical ids of the secrets, and which ones a function gets that answers. */
function secretsOf(given: Template) {
  const names = Object.keys(given.findResources('AWS::SecretsManager::Secret'));
  const named = (reference: unknown) => names.find((name) => JSON.stringify(reference).includes(name)) ?? '';
  const environment = environmentOf(given, 'lambda-http.stream', named);
  return { names, current: environment['TIDEGATE_SECRET'], previous: environment['TIDEGATE_SECRET_PREVIOUS'] };
}

test('the functions that answer seal with a secret of their own that stands in no template; it can be changed', () => {
  const [first, second] = [secretsOf(template), secretsOf(synthesize({ secret: 2 }))];
  expect(first).toEqual({ names: [first.current], current: expect.any(String) as string, previous: undefined });
  expect(second.previous).toBe(first.current);
  expect(second.names).toEqual([second.previous, second.current]);
  template.hasResourceProperties('AWS::SecretsManager::Secret', {
    GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true },
  });
  const given = environmentOf(template, 'lambda-http.buffered', (reference) => JSON.stringify(reference));
  expect(given['TIDEGATE_SECRET']).toContain('{{resolve:secretsmanager:');
});

test("the app's secrets are references to Secrets Manager, in each function, and taken over anew where asked", () => {
  const app = defineApp({
    name: 'tidegate',
    version: '1',
    description: 'With secrets',
    streams: {
      one: stream({ description: 'One', schema: z.object({}), push: { token: secret('PUSH_TOKEN') } }),
      two: stream({ description: 'Two', schema: z.object({}), push: { token: secret('API_KEY') } }),
    },
  });
  const given = synthesize({ app });
  for (const handler of HANDLERS) {
    const { API_KEY, PUSH_TOKEN } = environmentOf(given, handler, (reference) => JSON.stringify(reference));
    expect([API_KEY, PUSH_TOKEN]).toEqual([
      '{{resolve:secretsmanager:tidegate/API_KEY:SecretString:::}}',
      '{{resolve:secretsmanager:tidegate/PUSH_TOKEN:SecretString:::}}',
    ]);
  }
  const staged = environmentOf(synthesize({ app, stage: 'prod' }), 'lambda-http.stream', () => '');
  expect(staged['API_KEY']).toBe('{{resolve:secretsmanager:tidegate-prod/API_KEY:SecretString:::}}');
  // The functions themselves read no secret.
  expect(JSON.stringify(given.findResources('AWS::IAM::Role'))).not.toContain('secretsmanager');
  const changed = synthesize({ app, secretsRevision: 2 }).findResources('AWS::Lambda::Function');
  for (const { Properties } of Object.values(changed) as { Properties: { Description: string } }[]) {
    expect(Properties.Description).toMatch(/ \(secrets 2\)$/);
  }
});

test('the functions that answer have a bound of their own where one is asked for, and the schedule has none', () => {
  for (const { ReservedConcurrentExecutions } of propertiesOf('AWS::Lambda::Function')) {
    expect(ReservedConcurrentExecutions).toBeUndefined();
  }
  const bounded = synthesize({ concurrency: 20 });
  for (const Handler of HANDLERS) {
    const answers = Handler.startsWith('lambda-http');
    bounded.hasResourceProperties('AWS::Lambda::Function', {
      Handler,
      ReservedConcurrentExecutions: answers ? 20 : Match.absent(),
    });
  }
});

test("the table is encrypted with DynamoDB's own key, or the account's, and has caps where they are asked for", () => {
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    SSESpecification: { SSEEnabled: false },
    OnDemandThroughput: Match.absent(),
  });
  const asked = synthesize({ encryption: 'managed', maxReadUnits: 200, maxWriteUnits: 100 });
  const OnDemandThroughput = { MaxReadRequestUnits: 200, MaxWriteRequestUnits: 100 };
  asked.hasResourceProperties('AWS::DynamoDB::Table', {
    SSESpecification: { SSEEnabled: true },
    OnDemandThroughput,
    GlobalSecondaryIndexes: [{ OnDemandThroughput }],
  });
});

test('unless it is closed, HTTP comes through a URL that streams and an API that limits rates', () => {
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' });
  template.hasResourceProperties('AWS::ApiGatewayV2::Integration', {
    PayloadFormatVersion: '2.0',
    TimeoutInMillis: 29_000,
  });
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
    StageName: '$default',
    DefaultRouteSettings: { ThrottlingRateLimit: Match.anyValue(), ThrottlingBurstLimit: Match.anyValue() },
  });
});

test('the schedule calls one function each minute, tries nothing again, and ends before the next', () => {
  const [scheduled] = Object.keys(
    template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'lambda-scheduled.scheduled' } }),
  );
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 minute)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: { 'Fn::GetAtt': [scheduled, 'Arn'] },
      RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
    },
  });
  // Throttled calls wait in a queue of Lambda's own, for six hours unless told otherwise, and then come all at once.
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  });
  for (const { Handler, Timeout } of propertiesOf('AWS::Lambda::Function')) {
    if (Handler === 'lambda-scheduled.scheduled') expect(Timeout).toBeLessThan(60);
  }
});

test('errors and throttles of each function, lag and lateness have alarms, and silence is one', () => {
  const alarms = propertiesOf('AWS::CloudWatch::Alarm');
  const ofFunctions = alarms
    .filter(({ Namespace }) => Namespace === 'AWS/Lambda')
    .map(({ MetricName }) => String(MetricName));
  expect(ofFunctions.toSorted((a, b) => a.localeCompare(b))).toEqual([
    ...HANDLERS.map(() => 'Errors'),
    ...HANDLERS.map(() => 'Throttles'),
  ]);
  const Dimensions = [{ Name: 'App', Value: 'plant' }];
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: METRICS_NAMESPACE,
    MetricName: METRICS.feedLag,
    Threshold: 3_600_000,
    Dimensions,
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: METRICS_NAMESPACE,
    MetricName: METRICS.oldestDue,
    TreatMissingData: 'breaching',
    Dimensions,
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Namespace: METRICS_NAMESPACE,
    MetricName: METRICS.openFeeds,
    Threshold: 1,
    Statistic: 'Maximum',
    Dimensions,
  });
  // Whatever is told has an alarm that looks at it.
  const looked = alarms.filter(({ Namespace }) => Namespace === METRICS_NAMESPACE).map(({ MetricName }) => MetricName);
  expect(new Set(looked)).toEqual(new Set(Object.values(METRICS)));
  expect(alarms.every(({ AlarmActions }) => AlarmActions === undefined)).toBe(true);
});

test('alarms tell a topic, where one is named', () => {
  const topicArn = 'arn:aws:sns:eu-central-1:123456789012:pager';
  synthesize({ alarmTopicArn: topicArn }).allResourcesProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [topicArn],
  });
});

test('no statement has a star in an action', () => {
  for (const { Action, Effect } of statements()) {
    expect(Effect).toBe('Allow');
    for (const action of [Action].flat()) expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
  }
});

test('every statement names its resource, without a star', () => {
  for (const { Resource } of statements()) {
    expect(Resource).toBeDefined();
    const text = JSON.stringify(Resource);
    expect(text).toContain('Fn::GetAtt');
    expect(text).not.toContain('*');
  }
});

/** What operators do with a store runs where they are, with rights of their own: looking at its table, backups. */
const OF_OPERATORS = ['inspect.ts', 'transfer.ts'];

/** What AWS asks of who sends a command; those not here ask for what they are called. */
const ASKED: Record<string, string[]> = { TransactWriteItems: ['ConditionCheckItem', 'DeleteItem', 'PutItem'] };

test('the functions may do to the table what the driver does, and nothing more; only those that work by themselves trim', () => {
  const folder = join(import.meta.dirname, '../../../src/store/dynamodb');
  const files = readdirSync(folder).filter((name) => !OF_OPERATORS.includes(name));
  const commands = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/new (\w+)Command\(/g)].map(([, command = '']) => command),
  );
  expect(commands).toContain('Query');
  const needed = new Set(commands.flatMap((command) => ASKED[command] ?? [command]).map((name) => `dynamodb:${name}`));
  const trimming = 'dynamodb:BatchWriteItem';
  for (const handler of HANDLERS) {
    const [role] = Object.values(
      template.findResources('AWS::Lambda::Function', { Properties: { Handler: handler } }),
    ).map((found) => (found as { Properties: { Role: { 'Fn::GetAtt': [string] } } }).Properties.Role['Fn::GetAtt'][0]);
    const { Policies } = (template.findResources('AWS::IAM::Role')[role ?? ''] as { Properties: { Policies: unknown } })
      .Properties;
    const allowed = new Set(JSON.stringify(Policies).match(/dynamodb:\w+/g));
    const without = WORKING.includes(handler) ? '' : trimming;
    expect(allowed).toEqual(new Set([...needed].filter((action) => action !== without)));
  }
});

test('no managed policy widens a role', () => {
  for (const { ManagedPolicyArns } of propertiesOf('AWS::IAM::Role')) expect(ManagedPolicyArns).toBeUndefined();
});

test('each role is for one service, and only what has to be open is', () => {
  for (const { AssumeRolePolicyDocument } of propertiesOf('AWS::IAM::Role')) {
    const { Statement } = AssumeRolePolicyDocument as { Statement: { Principal: { Service: string } }[] };
    expect(Statement.map(({ Principal }) => Principal.Service)).toEqual([
      expect.stringMatching(/^(lambda|scheduler)\.amazonaws\.com$/),
    ]);
  }
  const open = propertiesOf('AWS::Lambda::Permission').filter(({ Principal }) => Principal === '*');
  // Both are what AWS asks for behind a function URL without IAM; neither allows to invoke past it.
  expect(open).toMatchObject([
    { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
    { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
  ]);
});

test('closed, both ways in ask IAM, and nothing is open', () => {
  const closed = synthesize({ access: 'iam', auth: undefined });
  closed.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' });
  closed.allResourcesProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'AWS_IAM' });
  const permissions = Object.values(closed.findResources('AWS::Lambda::Permission')) as { Properties: object }[];
  expect(permissions.map(({ Properties }) => Properties)).toMatchObject([{ Principal: 'apigateway.amazonaws.com' }]);
  // No client of MCP signs by itself.
  expect(Object.keys(closed.findOutputs('*'))).not.toContain('AddToClient');
});

test('the HTTP API alone may call its function, and no other', () => {
  const [api] = Object.keys(template.findResources('AWS::ApiGatewayV2::Api'));
  const permissions = propertiesOf('AWS::Lambda::Permission').filter(({ Principal }) => Principal !== '*');
  expect(permissions).toHaveLength(1);
  expect(JSON.stringify(permissions[0])).toContain(`${JSON.stringify({ Ref: api })},"/*/*"`);
});

test('outputs are the URLs and the line that adds one to a client', () => {
  const outputs = template.findOutputs('*') as Record<string, { Value: unknown }>;
  expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['Url', 'ApiUrl', 'AddToClient', 'TableName']));
  const line = JSON.stringify(outputs['AddToClient']?.Value);
  expect(line).toContain('claude mcp add --transport http plant ');
  expect(line).toContain('FunctionUrl');
  expect(line).toContain("mcp --header 'Authorization: Bearer tg_…'");
});
