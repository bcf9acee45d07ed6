/** What the model says of three defaults: how full a segment of a log is, how long a burst listens, how often to poll. */
import { packEntries } from '../../src/store/dynamodb/segments.ts';
import { LAMBDA_GB } from './assumed.ts';
import { beyond, MONTH_RUNS } from './bill.ts';
import { MONTH_MS } from './model.ts';
import { pollsOf } from './others.ts';
import { AWS_DYNAMODB, AWS_LAMBDA } from './prices.ts';
import { reading } from './stage.ts';
import type { Workload } from './workload.ts';

/** Keys, times and marks of a segment's item, bytes. */
const ITEM_BYTES = 250;
const WRITE_UNIT = 1_024;
const READ_UNIT = 4_096;
/** A segment is written in a transaction. */
const TRANSACTION = 2;

/**
 * USD a month for segments of so many events in DynamoDB: for writing them, and for reading the newest with each `events/poll`, which
 * looks at it whether it tells something new or not.
 */
export async function segmentUsd(events: number, workload: Workload): Promise<{ writes: number; reads: number }> {
  const texts = Array.from({ length: events }, (_, at) => {
    const data = reading(at, at * 600);
    return JSON.stringify({ id: data.id, stream: 'readings', key: data.sensor, time: data.time, data });
  });
  const { d, j } = await packEntries(texts);
  const bytes = ITEM_BYTES + (d?.B?.length ?? j?.S?.length ?? 0);
  const segments = (workload.eventsPerSecond * MONTH_MS) / 1_000 / events;
  return {
    writes: segments * TRANSACTION * Math.ceil(bytes / WRITE_UNIT) * AWS_DYNAMODB.writeUnits.usd,
    reads: pollsOf(workload) * Math.ceil(bytes / READ_UNIT) * AWS_DYNAMODB.readUnits.usd,
  };
}

/** USD a month for one feed that listens so long in each minute, on Lambda. On Workers waiting costs nothing. */
export function listeningUsd(timeMs: number): number {
  return beyond(AWS_LAMBDA.gbSeconds, (MONTH_RUNS * timeMs * LAMBDA_GB) / 1_000);
}
