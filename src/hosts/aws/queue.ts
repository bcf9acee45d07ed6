/**
 * The queue that wakes an app in time: tasks that are due, and logs that have changed, for triggers and deliveries. A message is a
 * hint, and the schedule finds what one would have brought: what is lost costs a minute. So a message that cannot be worked on goes
 * after five tries into a queue of its own, which an alarm looks at.
 */
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export const QUEUE_SECONDS = 120;
/** What AWS asks for at least: a message is hidden for six times as long as the function may take. */
const HIDDEN_SECONDS = 6 * QUEUE_SECONDS;
const TRIES = 5;
/** A wake is to be there within two seconds, so messages are not collected. */
const BATCH = 10;
/** Work at once that hints begin. */
const MOST_AT_ONCE = 10;

/** @returns the queue, and what its messages become that fail time after time */
export function addTaskQueue(scope: Construct): { queue: Queue; dead: Queue } {
  const dead = addDeadLetters(scope, 'TasksDead');
  const queue = new Queue(scope, 'Tasks', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    visibilityTimeout: Duration.seconds(HIDDEN_SECONDS),
    // Delays of 15 minutes and five tries; an older hint tells nothing.
    retentionPeriod: Duration.hours(4),
    deadLetterQueue: { queue: dead, maxReceiveCount: TRIES },
  });
  return { queue, dead };
}

/** A queue that keeps what failed, for as long as SQS keeps anything. */
export function addDeadLetters(scope: Construct, id: string): Queue {
  return new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
}

export function maySend({ queueArn }: IQueue): PolicyStatement {
  return new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queueArn] });
}

/** What the mapping asks of the function's role. */
export function mayReceive(queueArn: string): PolicyStatement {
  const actions = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
  return new PolicyStatement({ actions, resources: [queueArn] });
}

/** Messages that a function reports as failed come again, and none of the others of their batch. */
export function consume(target: IFunction, { queueArn }: IQueue): void {
  target.addEventSourceMapping('Mapping', {
    eventSourceArn: queueArn,
    batchSize: BATCH,
    maxConcurrency: MOST_AT_ONCE,
    reportBatchItemFailures: true,
  });
}
