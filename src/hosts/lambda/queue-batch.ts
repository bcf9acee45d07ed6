/** What an event source mapping of SQS hands over, as the batch of a queue, and what it expects as the answer. Maps and nothing more. */
import type { QueuedMessage, TaskBatch } from '../queue.ts';

/** What is read of the event, in the platform's names. */
export interface SqsEvent {
  Records: readonly SqsRecord[];
}

export interface SqsRecord {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes?: { ApproximateReceiveCount?: string; SentTimestamp?: string; MessageGroupId?: string };
}

/** The messages that the queue keeps; all others it deletes. It needs `ReportBatchItemFailures` of the mapping. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

export interface OpenBatch {
  batch: TaskBatch;
  /** Those that come back, each with the delay that was asked for it, s. What nobody judged comes back too. */
  back: () => { record: SqsRecord; delaySeconds: number | null }[];
}

export function openBatch({ Records }: SqsEvent): OpenBatch {
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
