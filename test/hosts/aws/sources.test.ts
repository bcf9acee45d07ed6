/** What hands records to feeds on AWS: one function for each, with failures that come back one by one, and no more rights than it needs. */
import { App, Fn, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { Tidegate } from '../../../src/aws.ts';
import { defineApp, eventBridge, iot, kinesis, sqs, stream } from '../../../src/index.ts';
import { sourcesOf } from '../../examples/aws/sources.ts';
import { environmentOf, refusalOf } from './template.ts';

const of = (feed: ReturnType<typeof sqs>) => stream({ description: 'Handed', schema: z.unknown(), feed });
const app = defineApp({
  name: 'handed',
  version: '1',
  description: 'Streams that event sources fill',
  streams: { quotes: of(kinesis()), jobs: of(sqs()), plant: of(iot()), orders: of(eventBridge()) },
});

let template: Template;
let gate: Tidegate;
beforeAll(() => {
  const stack = new Stack(new App({ analyticsReporting: false }), 'own');
  const sources = sourcesOf(new Queue(stack, 'Jobs'));
  gate = new Tidegate(stack, 'Gate', { app, code: import.meta.dirname, auth: 'keys', sources });
  template = Template.fromStack(stack);
}, 60_000);

const HANDLER = 'lambda-records.records';
const NAMES = ['quotes', 'jobs', 'plant', 'orders'];

interface Made {
  Properties: Record<string, unknown> & { Environment: { Variables: Record<string, unknown> } };
}

function functionOf(feed: string): [string, Made] {
  const found = Object.entries(template.findResources('AWS::Lambda::Function')) as [string, Made][];
  const named = found.find(([, { Properties }]) => Properties.Environment.Variables['TIDEGATE_FEED'] === feed);
  if (!named) throw new Error(feed);
  return named;
}

const letters = () => {
  const [id = ''] = Object.keys(template.findResources('AWS::SQS::Queue')).filter((name) => /RecordsDead/.test(name));
  return { 'Fn::GetAtt': [id, 'Arn'] };
};

test('each feed has a function of its own, which knows it by name', () => {
  template.resourcePropertiesCountIs('AWS::Lambda::Function', { Handler: HANDLER, Timeout: 30 }, NAMES.length);
  for (const name of NAMES) expect(functionOf(name)[1].Properties).toMatchObject({ Handler: HANDLER });
  expect(Object.keys(gate.functions.sources)).toEqual(NAMES);
  expect(gate.allFunctions).toHaveLength(NAMES.length + 4);
  const given = environmentOf(template, HANDLER, () => 'made');
  expect(given).toMatchObject({ STORE: 'dynamodb', DYNAMODB_TABLE: 'made', TASKS_QUEUE_URL: 'made', AUTH: 'keys' });
  // They seal nothing.
  expect(given).not.toHaveProperty('TIDEGATE_SECRET');
});

test('a shard goes on at the first record that failed, in halves, for as long as the stream keeps it', () => {
  const [id] = functionOf('quotes');
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionName: { Ref: id },
    StartingPosition: 'LATEST',
    BatchSize: 100,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    MaximumRetryAttempts: Match.absent(),
    MaximumRecordAgeInSeconds: Match.absent(),
    DestinationConfig: { OnFailure: { Destination: letters() } },
  });
});

test('messages fail one by one, and a call takes no longer than a queue hides them by itself', () => {
  const [id] = functionOf('jobs');
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionName: { Ref: id },
    BatchSize: 10,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
});

test('what is sent without waiting is tried again, and kept in the end', () => {
  for (const name of ['plant', 'orders']) {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: functionOf(name)[0] },
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 21_600,
      DestinationConfig: { OnFailure: { Destination: letters() } },
    });
  }
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['shop'], 'detail-type': ['Order'] },
    Targets: [{ Arn: { 'Fn::GetAtt': [functionOf('orders')[0], 'Arn'] }, DeadLetterConfig: { Arn: letters() } }],
  });
});

test('the rule of IoT may call its function, and nobody else in its name', () => {
  const [rule = ''] = Object.keys(template.findResources('AWS::IoT::TopicRule'));
  template.hasResourceProperties('AWS::IoT::TopicRule', {
    TopicRulePayload: { AwsIotSqlVersion: '2016-03-23', Sql: Match.stringLikeRegexp('^SELECT') },
  });
  template.hasResourceProperties('AWS::Lambda::Permission', {
    FunctionName: { 'Fn::GetAtt': [functionOf('plant')[0], 'Arn'] },
    Principal: 'iot.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': [rule, 'Arn'] },
    SourceAccount: { Ref: 'AWS::AccountId' },
  });
});

test('each may do what its source asks for, and to the queue what it has to', () => {
  const actions = (name: string) => {
    const { Role } = functionOf(name)[1].Properties as unknown as { Role: { 'Fn::GetAtt': [string] } };
    const role = JSON.stringify(template.findResources('AWS::IAM::Role')[Role['Fn::GetAtt'][0]]);
    return [...new Set(role.match(/"(?:kinesis|sqs):\w+"/g) ?? [])].map((action) => action.replaceAll('"', ''));
  };
  expect(actions('plant')).toEqual(['sqs:SendMessage']);
  expect(actions('orders')).toEqual(['sqs:SendMessage']);
  expect(actions('jobs')).toEqual(expect.arrayContaining(['sqs:DeleteMessage', 'sqs:ReceiveMessage']));
  expect(actions('jobs').filter((action) => action.startsWith('kinesis'))).toEqual([]);
  expect(actions('quotes')).toEqual(expect.arrayContaining(['kinesis:GetRecords', 'kinesis:DescribeStream']));
  const roles = JSON.stringify(template.findResources('AWS::IAM::Role'));
  expect(roles).not.toMatch(/"Resource":"\*"|"(?:kinesis|sqs):\*"/);
});

test('what a key of somebody’s own encrypts can be read', () => {
  const stack = new Stack(new App({ analyticsReporting: false }), 'own');
  const encryptionKey = new Key(stack, 'Key');
  const queue = new Queue(stack, 'Jobs', { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey });
  const one = defineApp({ ...app.options, streams: { quotes: of(kinesis()), jobs: of(sqs()) } });
  const sources = { quotes: { kinesis: new Stream(stack, 'Quotes', { encryptionKey }) }, jobs: { sqs: queue } };
  // oxlint-disable-next-line no-new -- it is there by being made
  new Tidegate(stack, 'Gate', { app: one, code: import.meta.dirname, auth: 'keys', sources });
  const policies = JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  expect(policies.match(/kms:Decrypt/g)).toHaveLength(2);
});

test('a feed without its source, and a source without its feed, are told by name', () => {
  const none = refusalOf({ sources: {} }, app) as Error;
  expect(none.message).toContain("sources: { jobs: { sqs: 'arn:aws:sqs:…' } }");
  const { jobs, plant, orders } = sourcesOf({ queueArn: 'arn:aws:sqs:eu-central-1:1:jobs' } as Queue);
  const misspelt = { jobs, plant, orders, qoutes: { kinesis: STREAM } } as never;
  const told = refusalOf({ sources: misspelt }, app) as Error;
  expect(told.message).toMatch(/sources\.quotes: expected .*sources\.qoutes: expected .*did you mean quotes/s);
});

const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream/quotes';
const JOBS = 'arn:aws:sqs:eu-central-1:123456789012:jobs';
const RIGHT = {
  quotes: { kinesis: STREAM },
  jobs: { sqs: JOBS },
  plant: { iot: "SELECT * FROM 'a'" },
  orders: { eventBridge: { source: ['shop'] } },
};

test.each<[string, object]>([
  ['quotes.kinesis', { quotes: { kinesis: undefined } }],
  ['quotes.kinesis', { quotes: { kinesis: 'quotes' } }],
  ['quotes.kinesis', { quotes: { kinesis: JOBS } }],
  ['quotes.from', { quotes: { kinesis: STREAM, from: 'begin' } }],
  ['quotes.form', { quotes: { kinesis: STREAM, form: 'oldest' } }],
  ['quotes.sqs', { quotes: { kinesis: STREAM, sqs: JOBS } }],
  ...[5_000, 0, -3, 1.5, '100'].map((batch): [string, object] => [
    'quotes.batch',
    { quotes: { kinesis: STREAM, batch } },
  ]),
  ['jobs.batch', { jobs: { sqs: JOBS, batch: 11 } }],
  ['jobs.sqs', { jobs: { sqs: 'https://sqs.eu-central-1.amazonaws.com/123456789012/jobs' } }],
  ['jobs.sqs', { jobs: { sqs: STREAM } }],
  ['jobs', { jobs: JOBS }],
  ['jobs', { jobs: null }],
  ['plant.iot', { plant: { iot: 'plant/+/temperature' } }],
  ['orders.eventBridge', { orders: { eventBridge: {} } }],
  ['orders.bus', { orders: { eventBridge: { source: ['shop'] }, bus: JOBS } }],
])('a source that is wrong is refused as sources.%s: %j', (field, wrong) => {
  const told = refusalOf({ sources: { ...RIGHT, ...wrong } }, app);
  expect(told).toMatchObject({ code: 'invalid_config', field: `sources.${field}`, hint: expect.any(String) });
});

test('a batch that the stream would not know again is refused, and what CDK knows later is taken', () => {
  const small = stream({ description: 'Handed', schema: z.unknown(), feed: kinesis(), dedupe: 50 });
  const few = defineApp({ ...app.options, streams: { quotes: small } });
  const refused = { field: 'sources.quotes.batch', expected: expect.stringContaining('at most 50') };
  expect(refusalOf({ sources: { quotes: { kinesis: STREAM } } }, few)).toMatchObject(refused);
  expect(refusalOf({ sources: { quotes: { kinesis: STREAM, batch: 50 } } }, few)).toBeNull();
  expect(refusalOf({ sources: { ...RIGHT, jobs: { sqs: Fn.importValue('JobsArn') } } }, app)).toBeNull();
});
