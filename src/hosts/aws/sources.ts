/**
 * What hands records to feeds of the app (`kinesis()`, `sqs()`, `iot()`, `eventBridge()`): one function for each feed, so that none
 * takes from another what it may do at once. Records that fail come again by themselves, and none of their batch that did not. What
 * fails for good is kept in a queue; what is wrong with a record itself is a dead letter of the feed, and no failure.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import { EventBus, type EventPattern, type IEventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { mayReceive, maySend } from './queue.ts';

/** Records of a Kinesis data stream, in the order of each shard. */
export interface KinesisSource {
  /** The stream, or its ARN. */
  kinesis: IStream | string;
  /**
   * Where it begins: with what comes, or with the oldest that is kept.
   * @default latest
   */
  from?: 'latest' | 'oldest';
  /**
   * Most records of a call, from 1 to 1,000.
   * @default 100
   */
  batch?: number;
}

/** Messages of a queue. What they become that fail time after time is said by the queue's own dead letters. */
export interface SqsSource {
  /** The queue, or its ARN, and no URL. Its messages are hidden for 30 s at least, which is what SQS does by itself. */
  sqs: IQueue | string;
  /**
   * Most messages of a call, from 1 to 10.
   * @default 10
   */
  batch?: number;
}

/** Messages of IoT Core that a rule picks. */
export interface IotSource {
  /** The rule, such as `SELECT *, topic(2) AS machine FROM 'plant/+/temperature'`. */
  iot: string;
}

/** Events of EventBridge that a pattern picks. */
export interface EventBridgeSource {
  eventBridge: EventPattern;
  /**
   * The bus, or its ARN.
   * @default the account's own
   */
  bus?: IEventBus | string;
}

export type Source = KinesisSource | SqsSource | IotSource | EventBridgeSource;

/** As long as SQS hides messages by itself: a mapping is refused where a call may take longer than that. */
export const SOURCE_SECONDS = 30;
/** Records of a call of Kinesis where nothing else is said. */
export const KINESIS_BATCH = 100;
const MESSAGES_PER_BATCH = 10;
/** Tries of an event that came without waiting for an answer, beside the first. */
const EVENT_TRIES = 2;
const EVENT_AGE = Duration.hours(6);

const arnOf = (given: IStream | IQueue | string) => {
  if (typeof given === 'string') return given;
  return 'streamArn' in given ? given.streamArn : given.queueArn;
};

/** The key of somebody's own that what comes is encrypted with. */
function keyOf(source: Source): IKey | undefined {
  if ('kinesis' in source && typeof source.kinesis !== 'string') return source.kinesis.encryptionKey;
  if ('sqs' in source && typeof source.sqs !== 'string') return source.sqs.encryptionMasterKey;
  return undefined;
}

/** What the function's role is asked for. */
export function mayRead(source: Source, failed: IQueue): PolicyStatement[] {
  if ('sqs' in source) return [mayReceive(arnOf(source.sqs))];
  if (!('kinesis' in source)) return [maySend(failed)];
  const actions = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards'];
  const read = actions.map((action) => `kinesis:${action}`);
  return [new PolicyStatement({ actions: read, resources: [arnOf(source.kinesis)] }), maySend(failed)];
}

/** @param failed keeps what could not be handed over */
export function connectSource(target: LambdaFunction, source: Source, failed: IQueue): void {
  keyOf(source)?.grantDecrypt(target);
  if ('kinesis' in source) return readShards(target, source, failed);
  if ('sqs' in source) {
    target.addEventSourceMapping('Mapping', {
      eventSourceArn: arnOf(source.sqs),
      batchSize: source.batch ?? MESSAGES_PER_BATCH,
      reportBatchItemFailures: true,
    });
    return;
  }
  target.configureAsyncInvoke({
    retryAttempts: EVENT_TRIES,
    maxEventAge: EVENT_AGE,
    onFailure: { bind: () => ({ destination: failed.queueArn }) },
  });
  if ('iot' in source) return followRule(target, source);
  const { eventBridge: eventPattern, bus } = source;
  const eventBus = typeof bus === 'string' ? EventBus.fromEventBusArn(target, 'Bus', bus) : bus;
  const hand = new FunctionTarget(target, {
    deadLetterQueue: failed,
    retryAttempts: EVENT_TRIES,
    maxEventAge: EVENT_AGE,
  });
  new Rule(target, 'Rule', { eventPattern, targets: [hand], ...(eventBus === undefined ? {} : { eventBus }) });
}

/**
 * What is wrong with a record is a dead letter, so what fails is the store, and what stands behind it would fail too: a batch is tried
 * until the stream itself keeps it no longer. The queue would have places in the stream alone, and no records.
 */
function readShards(target: LambdaFunction, { kinesis, from = 'latest', batch }: KinesisSource, failed: IQueue): void {
  target.addEventSourceMapping('Mapping', {
    eventSourceArn: arnOf(kinesis),
    startingPosition: from === 'oldest' ? StartingPosition.TRIM_HORIZON : StartingPosition.LATEST,
    batchSize: batch ?? KINESIS_BATCH,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: failed.queueArn }) },
  });
}

function followRule(target: LambdaFunction, { iot: sql }: IotSource): void {
  const rule = new CfnTopicRule(target, 'Rule', {
    topicRulePayload: {
      sql,
      awsIotSqlVersion: '2016-03-23',
      actions: [{ lambda: { functionArn: target.functionArn } }],
    },
  });
  target.addPermission('Iot', {
    principal: new ServicePrincipal('iot.amazonaws.com'),
    sourceArn: rule.attrArn,
    sourceAccount: Stack.of(target).account,
  });
}
