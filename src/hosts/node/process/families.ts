/** What Node tells of the process, as metrics, under the names that dashboards of Node know (those of `prom-client`). */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Family } from '../../../http/observe/exposition.ts';

/** A shorter one would wake an idle process more often. */
const RESOLUTION_MS = 50;
const NS = 1e9;

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  help,
  type: 'gauge',
  samples: [{ value }],
});

/** The delay is measured with the timer's own interval in it. Without a measure it is NaN. */
const seconds = (ns: number) => (Number.isFinite(ns) && ns > 0 ? Math.max(0, ns / NS - RESOLUTION_MS / 1_000) : 0);

let watching: (() => Family[]) | null = null;

/** Answers the families, each time anew. One for a process: what the event loop was late by is told since the time before. */
export function watchProcess(): () => Family[] {
  watching ??= beginToWatch();
  return watching;
}

function beginToWatch(): () => Family[] {
  const late = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  late.enable();
  const startedAt = Date.now() / 1_000 - process.uptime();
  return () => {
    const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const families: Family[] = [
      {
        name: 'process_cpu_seconds_total',
        help: 'CPU time that the process took',
        type: 'counter',
        samples: [{ value: (user + system) / 1e6 }],
      },
      gauge('process_start_time_seconds', 'When the process began', startedAt),
      gauge('process_resident_memory_bytes', 'Memory that the process takes', rss),
      gauge('nodejs_heap_size_total_bytes', 'Heap that V8 has', heapTotal),
      gauge('nodejs_heap_size_used_bytes', 'Heap that is in use', heapUsed),
      gauge('nodejs_heap_size_limit_bytes', 'Heap at which the process ends', getHeapStatistics().heap_size_limit),
      gauge('nodejs_external_memory_bytes', 'Memory of buffers outside of the heap', external),
      gauge(
        'nodejs_eventloop_lag_mean_seconds',
        'How late the event loop was since the last scrape',
        seconds(late.mean),
      ),
      gauge('nodejs_eventloop_lag_p99_seconds', 'The same, 99th percentile', seconds(late.percentile(99))),
      gauge('nodejs_eventloop_lag_max_seconds', 'The same, at most', seconds(late.max)),
      {
        name: 'nodejs_version_info',
        help: 'The version of Node',
        type: 'gauge',
        samples: [{ labels: { version: process.version }, value: 1 }],
      },
    ];
    late.reset();
    return families;
  };
}
