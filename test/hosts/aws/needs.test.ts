/** What of a deployment an app needs, worked out from its declaration; and what is refused because it would not work on AWS. */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { TidegateProps } from '../../../src/aws.ts';
import { api, defineApp, httpTool, mqtt, stream, tool } from '../../../src/index.ts';
import { refusalOf, synthesize, withStack } from './template.ts';

const declare = (more: Partial<Parameters<typeof defineApp>[0]>) =>
  defineApp({ name: 'some', version: '1', description: 'Some app', ...more });
const calculator = declare({
  tools: { add: tool({ description: 'Adds', input: z.object({ a: z.number() }), run: async ({ a }) => `${a + 1}` }) },
});

test('an app of tools alone has neither schedule nor queue, and no alarm that waits for them', () => {
  const template = synthesize({ app: calculator });
  template.resourceCountIs('AWS::Lambda::Function', 2);
  for (const type of ['AWS::Scheduler::Schedule', 'AWS::SQS::Queue', 'AWS::Lambda::EventSourceMapping']) {
    template.resourceCountIs(type, 0);
  }
  expect(template.findResources('AWS::CloudWatch::Alarm', { Properties: { TreatMissingData: 'breaching' } })).toEqual(
    {},
  );
  expect(Object.keys(template.findOutputs('*'))).not.toContain('QueueUrl');
});

test('hints wait six times as long as their function may take, fail by themselves, and are kept after five tries', () => {
  const template = synthesize();
  const queues = template.findResources('AWS::SQS::Queue');
  const dead = Object.keys(queues).find((name) => name.startsWith('TasksDead')) ?? '';
  const queue = Object.keys(queues).find((name) => name !== dead) ?? '';
  const { Properties } = queues[queue] as { Properties: Record<string, unknown> };
  const redrive = { deadLetterTargetArn: { 'Fn::GetAtt': [dead, 'Arn'] }, maxReceiveCount: 5 };
  expect(Properties).toMatchObject({ SqsManagedSseEnabled: true, RedrivePolicy: redrive, VisibilityTimeout: 720 });
  template.hasResourceProperties('AWS::Lambda::Function', { Handler: 'lambda-queue.queue', Timeout: 120 });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    BatchSize: 10,
    ScalingConfig: { MaximumConcurrency: 10 },
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [dead, 'QueueName'] } }],
  });
  // Nobody speaks to a queue without TLS.
  template.resourcePropertiesCountIs(
    'AWS::SQS::QueuePolicy',
    { PolicyDocument: { Statement: [Match.objectLike({ Effect: 'Deny', Action: 'sqs:*' })] } },
    2,
  );
});

test('a stage has names of its own for all that is looked for by name', () => {
  const template = synthesize({ stage: 'prod', tags: { team: 'heat' } });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'FeedLagMs',
    Dimensions: [{ Name: 'App', Value: 'plant-prod' }],
  });
  template.hasResourceProperties('AWS::DynamoDB::Table', {
    Tags: [
      { Key: 'team', Value: 'heat' },
      { Key: 'tidegate:app', Value: 'plant' },
      { Key: 'tidegate:stage', Value: 'prod' },
    ],
  });
  expect(withStack({ stage: 'prod' }, ({ stackName }) => stackName)).toBe('plant-prod');
});

test('the table of what was deployed before is still the same one', () => {
  // CloudFormation takes a resource with another name for another resource, and makes an empty table in its place.
  expect(Object.keys(synthesize().findResources('AWS::DynamoDB::Table'))).toEqual(['Store1D2A845B']);
});

test('a feed that loses what comes between its bursts is a warning of the synthesis', () => {
  const app = declare({
    streams: {
      all: stream({
        description: 'All',
        schema: z.unknown(),
        feed: mqtt({ url: 'mqtt://b.example', clientId: 'x', qos: 0, topic: 'a' }),
      }),
    },
  });
  withStack({ app }, (stack) => {
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('feed all: nothing holds its connection here'));
  });
});

const waiting = declare({
  tools: {
    slow: httpTool({ description: 'Slow', url: 'https://api.example/slow', timeoutMs: 60_000 }),
    shared: httpTool({
      description: 'Slow too',
      url: '/x',
      api: api({ name: 'a', url: 'https://api.example', timeoutMs: 29_000 }),
    }),
    quick: httpTool({ description: 'Quick', url: 'https://api.example/quick' }),
  },
});

test('what would not work there is told with what to do, all of it at once', () => {
  const environment = { STORE: 'sqlite', AWS_REGION: 'eu-central-1', TASKS_QUEUE_URL: 'x', '9LIVES': 'x' };
  const told = refusalOf({ environment, app: waiting, sources: { quotes: { kinesis: 'arn' } } }) as Error;
  expect(told).toMatchObject({ code: 'invalid_config', field: 'environment.STORE' });
  const fields = [...told.message.matchAll(/^ {2}([\w.]+): expected/gm)].map(([, field]) => field);
  const variables = ['STORE', 'AWS_REGION', 'TASKS_QUEUE_URL', '9LIVES'].map((name) => `environment.${name}`);
  expect(fields).toEqual(expect.arrayContaining([...variables, 'sources.quotes', 'tools.slow.timeoutMs']));
  expect(fields).toContain('tools.shared.timeoutMs');
  expect(fields).toHaveLength(7);
  expect(told.message).toContain('set requestSeconds to 62');
  expect(refusalOf({ app: waiting, requestSeconds: 62 })).toBeNull();
});

test.each([
  [{ stage: 'Prod' }, 'stage'],
  [{ requestSeconds: 901 }, 'requestSeconds'],
  [{ memoryMb: 100 }, 'memoryMb'],
  [{ logDays: 2 }, 'logDays'],
  [{ concurrency: 0 }, 'concurrency'],
  [{ alarmTopicArn: 'pager' }, 'alarmTopicArn'],
  [{ tags: { 'aws:team': 'x' } }, 'tags'],
  [{ environment: { LOG_LEVEL: 3 } }, 'environment.LOG_LEVEL'],
  [{ environment: { LONG: 'x'.repeat(4_000) } }, 'environment'],
  [{ environment: { LOG_LEVEL: 'loud' } }, 'LOG_LEVEL'],
  [{ acess: 'iam' }, 'acess'],
])('%o is refused by its name', (settings, field) => {
  expect(refusalOf(settings as Partial<TidegateProps>)).toMatchObject({ code: 'invalid_config', field });
});

test('what is no app is said to be none', () => {
  expect(refusalOf({}, {} as never)).toMatchObject({ field: 'app', expected: expect.stringContaining('defineApp') });
});
