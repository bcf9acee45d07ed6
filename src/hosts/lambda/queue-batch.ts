/** What an event source mapping of SQS hands over, as the batch of a queue, and what it expects as the answer. */
import type { Host } from '../http-host.ts';
import type { QueuedMessage, TaskBatch } from '../queue.ts';
import type { Waking } from './waking.ts';

/** What is read of the event, in the platform's names. */
export interface SqsEvent {
  Records: readonly SqsRecord[];
}

interface SqsRecord {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes?: { ApproximateReceiveCount?: string; SentTimestamp?: string; MessageGroupId?: string };
}

/** The messages that the queue keeps; all others it deletes. It needs `ReportBatchItemFailures` of the mapping. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

interface OpenBatch {
  batch: TaskBatch;
  /** Those that come back, each with the delay that was asked for it, s. What nobody judged comes back too. */
  back: () => { record: SqsRecord; delaySeconds: number | null }[];
}

function openBatch({ Records }: SqsEvent): OpenBatch {
  const acknowledged = new Set<SqsRecord>();
  const delays = new Map<SqsRecord, number>();
  const messages = Records.map((record): QueuedMessage => ({
    body: bodyOf(record),
    attempts: Number(record.attributes?.ApproximateReceiveCount ?? 1),
    ack: () => void acknowledged.add(record),
    retry: ({ delaySeconds = 0 } = {}) => void delays.set(record, Math.ceil(delaySeconds)),
  }));
  return {
    batch: { messages },
    back: () =>
      Records.filter((record) => !acknowledged.has(record)).map((record) => ({
        record,
        delaySeconds: delays.get(record) ?? null,
      })),
  };
}

/** What is no JSON is a message of somebody else's, which the queue's consumer takes out. */
function bodyOf({ body }: SqsRecord): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/**
 * Works on the messages of an event, each of which is done with or comes back.
 * @param deadline epoch ms
 */
export async function workOnQueue(
  { host, waking }: { host: Pick<Host, 'queue'>; waking: Pick<Waking, 'release'> | null },
  event: SqsEvent,
  deadline: number,
): Promise<BatchAnswer> {
  const { batch, back } = openBatch(event);
  await host.queue(batch, deadline);
  const coming = back();
  // Without it they come when the queue lets them be seen again, which is long after the schedule.
  await Promise.all(
    coming.map(async ({ record, delaySeconds }) => {
      if (delaySeconds !== null) await waking?.release(record.receiptHandle, delaySeconds);
    }),
  );
  return { batchItemFailures: coming.map(({ record }) => ({ itemIdentifier: record.messageId })) };
}
