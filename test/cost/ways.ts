/** The ways to serve a workload that are compared, each with its bill and the limits that end it. Pure. */
import { type Bill, billOf, type Platform, type StoreName } from './bill.ts';
import { endsOf, endsOfMcpAgent } from './ends.ts';
import type { Measured } from './measured.ts';
import { mcpAgentBill, upstreamBill } from './others.ts';
import type { Workload } from './workload.ts';

export interface Way {
  name: string;
  bill: Bill;
  /** Limits that it exceeds, in words. */
  ends: string[];
}

const OWN: readonly (readonly [name: string, platform: Platform, store: StoreName])[] = [
  ['Workers, Upstash', 'workers', 'redis'],
  ['Workers, DynamoDB', 'workers', 'dynamodb'],
  ['Lambda, DynamoDB', 'lambda', 'dynamodb'],
  ['a server, sqlite', 'node', 'sqlite'],
];

/** An upstream that allows so many requests a second to one key is a generous one. */
const UPSTREAM_REQUESTS_PER_SECOND = 10;

export function waysOf(workload: Workload, measured: Measured): Way[] {
  const asked = (workload.agents * 1_000) / workload.pollMs;
  return [
    ...OWN.map(([name, platform, store]) => wayOf(name, workload, measured, platform, store)),
    {
      name: 'McpAgent',
      bill: mcpAgentBill(workload, measured),
      ends: endsOfMcpAgent(workload).map(endText),
    },
    {
      name: 'each asks upstream',
      bill: upstreamBill(workload, measured),
      ends: asked > UPSTREAM_REQUESTS_PER_SECOND ? [`${figure(asked)} requests a second to the upstream`] : [],
    },
  ];
}

export function wayOf(name: string, workload: Workload, measured: Measured, platform: Platform, store: StoreName): Way {
  const bill = billOf(workload, measured, platform, store);
  return { name, bill, ends: endsOf(workload, measured, platform, store).map(endText) };
}

function endText({ what, asked, limit }: { what: string; asked: number; limit: number }): string {
  return `${figure(asked)} ${what}, of ${figure(limit)}`;
}

/** With two digits that count, and thousands set apart. */
export function figure(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value))));
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(value))) - 1);
  return (Math.round(value / unit) * unit).toLocaleString('en-US', { maximumFractionDigits: digits });
}
