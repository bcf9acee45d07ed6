/** What a month costs on a platform with a store, in USD, line by line. Pure. */
import {
  HEADER_BYTES,
  KEPT_EVENTS,
  LAMBDA_GB,
  LAMBDA_PROCESSOR,
  SERVER_SHARE,
  STORE_CALL_MS,
  STORED_EVENT_BYTES,
} from './assumed.ts';
import { MONTH_MS, usageOf } from './model.ts';
import type { Measured } from './measured.ts';
import * as prices from './prices.ts';
import type { Spent } from './spent.ts';
import { MINUTE_MS, type Workload } from './workload.ts';

export const PLATFORMS = ['workers', 'lambda', 'node'] as const;
export type Platform = (typeof PLATFORMS)[number];
export const STORES = ['redis', 'dynamodb', 'sqlite'] as const;
export type StoreName = (typeof STORES)[number];

export interface Line {
  what: string;
  /** A month. */
  usd: number;
}

export interface Bill {
  lines: Line[];
  /** A month. */
  usd: number;
}

export const MONTH_RUNS = MONTH_MS / MINUTE_MS;

export function beyond({ free, usd }: prices.Meter, amount: number): number {
  return Math.max(0, amount - free) * usd;
}

export function total(lines: readonly Line[]): Bill {
  return { lines: lines.filter(({ usd }) => usd > 0), usd: lines.reduce((sum, { usd }) => sum + usd, 0) };
}

/** @param platform with `node`, the store of the server itself (sqlite), or one that it reaches */
export function billOf(workload: Workload, measured: Measured, platform: Platform, store: StoreName): Bill {
  const used = usageOf(workload, measured);
  return total([...PLATFORM_LINES[platform](used), ...STORE_LINES[store](used, keptEvents(workload))]);
}

function keptEvents({ eventsPerSecond }: Workload): number {
  return Math.min(KEPT_EVENTS, (eventsPerSecond * MONTH_MS) / 1_000);
}

/** Bytes that leave for agents, in GB. */
function trafficGb({ answerBytes, requests }: Spent): number {
  return (answerBytes + requests * HEADER_BYTES) / prices.GB;
}

const PLATFORM_LINES: Readonly<Record<Platform, (used: Spent) => Line[]>> = {
  workers({ requests, cpuMs }) {
    const { plan, requests: ofRequests, cpuMs: ofCpu } = prices.WORKERS_PAID;
    return [
      { what: 'Workers Paid', usd: plan.usdPerMonth },
      { what: 'requests', usd: beyond(ofRequests, requests + MONTH_RUNS) },
      { what: 'processor time', usd: beyond(ofCpu, cpuMs) },
    ];
  },
  lambda(used) {
    const { requests, gbSeconds, schedules } = prices.AWS_LAMBDA;
    return [
      { what: 'requests', usd: beyond(requests, used.requests + MONTH_RUNS) },
      { what: 'duration', usd: beyond(gbSeconds, (lambdaMs(used) / 1_000) * LAMBDA_GB) },
      { what: 'schedule', usd: beyond(schedules, MONTH_RUNS) },
      { what: 'traffic to agents', usd: beyond(prices.AWS_TRAFFIC_GB, trafficGb(used)) },
    ];
  },
  node(used) {
    return [
      { what: 'servers', usd: serverUsd(processorsOf(used)) },
      { what: 'traffic to agents', usd: beyond(prices.AWS_TRAFFIC_GB, trafficGb(used)) },
    ];
  },
};

const STORE_LINES: Readonly<Record<StoreName, (used: Spent, events: number) => Line[]>> = {
  redis({ redisCommands, redisBytes }, events) {
    const { commands, trafficGb: traffic, storedGb } = prices.UPSTASH_REDIS;
    return [
      { what: 'Redis commands', usd: beyond(commands, redisCommands) },
      { what: 'Redis traffic', usd: beyond(traffic, redisBytes / prices.GB) },
      { what: 'Redis storage', usd: beyond(storedGb, (events * STORED_EVENT_BYTES) / prices.GB) },
    ];
  },
  dynamodb({ readUnits, writeUnits }, events) {
    const { readUnits: reads, writeUnits: writes, storedGb } = prices.AWS_DYNAMODB;
    return [
      { what: 'DynamoDB reads', usd: beyond(reads, readUnits) },
      { what: 'DynamoDB writes', usd: beyond(writes, writeUnits) },
      { what: 'DynamoDB storage', usd: beyond(storedGb, (events * STORED_EVENT_BYTES) / 2 / prices.GB) },
    ];
  },
  sqlite: (_used, events) => [
    { what: 'disk', usd: beyond(prices.AWS_SERVERS.storedGb, 1 + (events * STORED_EVENT_BYTES) / prices.GB) },
  ],
};

/** Milliseconds of an invocation that AWS bills: work on a part of a processor, and waiting for the store. */
export function lambdaMs({ cpuMs, storeCalls }: Pick<Spent, 'cpuMs' | 'storeCalls'>): number {
  return cpuMs / LAMBDA_PROCESSOR + storeCalls * STORE_CALL_MS;
}

/** Processors that a server needs for this in a month. */
export function processorsOf({ cpuMs }: Pick<Spent, 'cpuMs'>): number {
  return cpuMs / MONTH_MS / SERVER_SHARE;
}

function serverUsd(processors: number): number {
  const { small, large } = prices.AWS_SERVERS;
  const hours = MONTH_MS / 3_600_000;
  if (processors <= small.processors) return small.usdPerHour * hours;
  return Math.ceil(processors / large.processors) * large.usdPerHour * hours;
}
