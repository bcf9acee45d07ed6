/**
 * What platforms and engines ask for, in USD, from their public price pages, with the address of each. AWS: us-east-1, ARM. Free
 * amounts are those that do not end after a year; taxes, support and discounts are left out. A month has 30 days. Where the page
 * itself could not be opened, `asOf` is the date of what quotes it. No I/O.
 */

const MILLION = 1e6;
/** Bytes; the pages count in decimal units for traffic, and the difference for storage is below what the model can tell. */
export const GB = 1e9;

/** An amount for nothing each month, and what each unit beyond it costs. */
export interface Meter {
  free: number;
  usd: number;
  page: string;
  /** When the page said so, year and month. */
  asOf: string;
}

const meter = (page: string, asOf: string, free: number, usd: number): Meter => ({ free, usd, page, asOf });

const WORKERS = 'https://developers.cloudflare.com/workers/platform/pricing/';
const OBJECTS = 'https://developers.cloudflare.com/durable-objects/platform/pricing/';
const UPSTASH = 'https://upstash.com/docs/redis/overall/billing';
const LAMBDA = 'https://aws.amazon.com/lambda/pricing/';
const DYNAMODB = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const EC2 = 'https://aws.amazon.com/ec2/pricing/on-demand/';
const FARGATE = 'https://aws.amazon.com/fargate/pricing/';
const SCHEDULER = 'https://aws.amazon.com/eventbridge/pricing/';

/** Workers Paid, the standard usage model. Traffic out is free. */
export const WORKERS_PAID = {
  plan: { usdPerMonth: 5, page: WORKERS, asOf: '2026-10' },
  requests: meter(WORKERS, '2026-10', 10 * MILLION, 0.3 / MILLION),
  cpuMs: meter(WORKERS, '2026-10', 30 * MILLION, 0.02 / MILLION),
};

/** Durable Objects on the SQLite backend, beside what Workers cost. */
export const DURABLE_OBJECTS = {
  requests: meter(OBJECTS, '2026-06', MILLION, 0.15 / MILLION),
  gbSeconds: meter(OBJECTS, '2026-06', 400_000, 12.5 / MILLION),
  rowsRead: meter(OBJECTS, '2026-06', 25_000 * MILLION, 0.001 / MILLION),
  rowsWritten: meter(OBJECTS, '2026-06', 50 * MILLION, 1 / MILLION),
  storedGb: meter(OBJECTS, '2026-06', 5, 0.2),
};

/**
 * Upstash, pay as you go, one region. An EVALSHA counts, and so does each command that its script calls: the costs of Upstash's
 * own limiter are told in this way (https://upstash.com/docs/redis/sdks/ratelimit-ts/costs).
 */
export const UPSTASH_REDIS = {
  commands: meter(UPSTASH, '2026-11', 0, 0.2 / 100_000),
  trafficGb: meter(UPSTASH, '2026-11', 200, 0.03),
  storedGb: meter(UPSTASH, '2026-11', 1, 0.25),
};

/** Through a function URL, which costs nothing of its own. An API Gateway (HTTP API) would add 1.00 a million requests. */
export const AWS_LAMBDA = {
  requests: meter(LAMBDA, '2026-05', MILLION, 0.2 / MILLION),
  gbSeconds: meter(LAMBDA, '2026-05', 400_000, 13.3334 / MILLION),
  schedules: meter(SCHEDULER, '2026-03', 14 * MILLION, 1 / MILLION),
};

export const AWS_DYNAMODB = {
  readUnits: meter(DYNAMODB, '2025-07', 0, 0.125 / MILLION),
  writeUnits: meter(DYNAMODB, '2025-07', 0, 0.625 / MILLION),
  storedGb: meter(DYNAMODB, '2025-07', 25, 0.25),
};

/** What leaves AWS for the internet, of all services together; only the first step of its scale, which falls from 10 TB on. */
export const AWS_TRAFFIC_GB = meter(EC2, '2026-06', 100, 0.09);

/** A server that stays up. */
export const AWS_SERVERS = {
  /** As much as a Fargate task costs with a quarter of a processor (0.04048 an hour) and half a GB (0.004445 a GB and hour). */
  small: { usdPerHour: 0.25 * 0.04048 + 0.5 * 0.004445, processors: 0.25, page: FARGATE, asOf: '2026-06' },
  /** m7g.large, and the same for each two processors of the larger sizes, up to 64. */
  large: { usdPerHour: 0.0816, processors: 2, page: EC2, asOf: '2026-06' },
  /** A disk of gp3, GB and month. */
  storedGb: meter('https://aws.amazon.com/ebs/pricing/', '2026-04', 0, 0.08),
};
