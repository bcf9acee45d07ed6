/** Where the limits of a platform, an engine or an upstream end a workload. Pure. */
import { type Platform, processorsOf, type StoreName, lambdaMs } from './bill.ts';
import { MCP_AGENT } from './assumed.ts';
import { MONTH_MS, pollOf, scheduleOf, usageOf } from './model.ts';
import type { Measured } from './measured.ts';
import { MINUTE_MS, type Workload } from './workload.ts';

/** Each with the page that says so. Most can be raised on request; the model does not. */
const LIMITS = {
  /** https://upstash.com/docs/redis/overall/billing */
  redisCommandsPerSecond: 10_000,
  /** A partition: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html. One item cannot be spread over two. */
  partitionReadUnits: 3_000,
  partitionWriteUnits: 1_000,
  /** A table on demand: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
  tableReadUnits: 40_000,
  /** An account in a region: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
  lambdaConcurrency: 1_000,
  /** Requests a second for each of them: https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html */
  lambdaRate: 10_000,
  /** The largest m7g: https://aws.amazon.com/ec2/instance-types/m7g/. One process of Node uses about one of them. */
  processors: 64,
  /** A soft limit of one object: https://developers.cloudflare.com/durable-objects/platform/limits/ */
  objectRequestsPerSecond: 1_000,
  /** A run of a cron trigger, by default: https://developers.cloudflare.com/workers/platform/limits/ */
  workerCpuMs: 30_000,
} as const;

interface End {
  what: string;
  /** What is asked for in a second, or for a run, and what there is. */
  asked: number;
  limit: number;
}

/** Limits that the workload exceeds. */
export function endsOf(workload: Workload, measured: Measured, platform: Platform, store: StoreName): End[] {
  const poll = pollOf(workload, measured);
  const pollsPerSecond = (workload.agents * 1_000) / workload.pollMs;
  const run = scheduleOf(workload, measured, MINUTE_MS);
  const used = usageOf(workload, measured);
  const seconds = MONTH_MS / 1_000;
  const ends: Record<Platform | StoreName, End[]> = {
    workers: [{ what: 'processor ms of a run of the schedule', asked: run.cpuMs, limit: LIMITS.workerCpuMs }],
    lambda: [
      {
        what: 'invocations at once',
        asked: (pollsPerSecond * lambdaMs(poll)) / 1_000,
        limit: LIMITS.lambdaConcurrency,
      },
      { what: 'requests a second', asked: pollsPerSecond, limit: LIMITS.lambdaRate },
      { what: 'ms of a run of the schedule', asked: lambdaMs(run), limit: MINUTE_MS },
    ],
    node: [{ what: 'processors of one machine', asked: processorsOf(used), limit: LIMITS.processors }],
    redis: [
      { what: 'Redis commands a second', asked: used.redisCommands / seconds, limit: LIMITS.redisCommandsPerSecond },
    ],
    dynamodb: [
      {
        what: 'read units a second of a partition',
        asked: pollsPerSecond * hottest(workload, poll.readUnits),
        limit: LIMITS.partitionReadUnits,
      },
      { what: 'read units a second of a table', asked: used.readUnits / seconds, limit: LIMITS.tableReadUnits },
      {
        what: 'write units a second of a partition',
        asked: used.writeUnits / seconds,
        limit: LIMITS.partitionWriteUnits,
      },
    ],
    sqlite: [],
  };
  return [...ends[platform], ...ends[store]].filter(({ asked, limit }) => asked > limit);
}

/** Of the units of a poll, those of its hottest partition: tasks have one each, and the latest event lies beside how far all are known. */
function hottest({ poll }: Workload, readUnits: number): number {
  if (poll === 'tasks/get') return 0;
  return poll === 'read_latest' ? readUnits / 2 : readUnits;
}

/** The same for McpAgent: one object keeps the stream. */
export function endsOfMcpAgent({ agents, pollMs, eventsPerSecond }: Workload): End[] {
  const asked = (agents * 1_000) / pollMs + (eventsPerSecond * MCP_AGENT.activeMsPerEvent) / 1_000;
  const limit = LIMITS.objectRequestsPerSecond;
  return asked > limit ? [{ what: 'requests a second of the object of the stream', asked, limit }] : [];
}
