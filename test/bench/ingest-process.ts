/**
 * One burst in a process of its own, so that its memory can be told: settings as JSON in the first argument, the figures
 * as JSON on standard output.
 */
import { readFileSync } from 'node:fs';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { ingestApp } from './ingest-app.ts';

export interface BurstSettings {
  environment: Record<string, string>;
  source: Parameters<typeof ingestApp>[0];
}

export interface BurstFigures {
  events: number;
  commits: number;
  ms: number;
  /** Highest resident size of the process. */
  rssMiB: number;
  error: string | null;
}

/** The process's own peak. `maxRSS` would begin at the size of the process that started this one. */
function peakKiB(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN);
}

const settings = JSON.parse(process.argv[2] ?? '{}') as BurstSettings;
const runtime = nodeRuntime(() => {});
const app = ingestApp(settings.source);
const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, app.name);
const started = performance.now();
const { feeds } = await ingest({ app, store, runtime }, runtime.now() + 120_000);
const ms = performance.now() - started;
const [report] = feeds;
const figures: BurstFigures = {
  events: report?.events ?? 0,
  commits: report?.commits ?? 0,
  ms,
  rssMiB: peakKiB() / 1_024,
  error: report?.error?.message ?? null,
};
console.log(JSON.stringify(figures));
await store.close();
