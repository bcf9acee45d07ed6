/** A server on Node as it runs: its metrics and the health of its feeds, over HTTP, and what they say of the process. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseMetrics } from '../../http/observe/prometheus-parser.ts';
import { runCli, temporaryFolder } from '../child.ts';

test('npm start has metrics for this machine, with a restart that begins its own counters anew', async () => {
  const variables = {
    STORE: 'sqlite',
    SQLITE_PATH: join(temporaryFolder(), 'observed.db'),
    DEMO: 'off',
    LOG_REQUESTS: 'all',
  };
  const events: number[] = [];
  for (let start = 0; start < 2; start += 1) {
    const child = runCli(['start'], variables);
    const url = await child.url();
    for (let n = 0; n <= start; n += 1) await (await fetch(`${url}/nowhere`)).text();
    const response = await fetch(`${url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    const families = parseMetrics(await response.text(), 'openmetrics');
    const value = (family: string) => families.get(family)?.samples[0]?.value ?? Number.NaN;
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
    expect(value('process_cpu_seconds')).toBeGreaterThan(0);
    expect(Math.abs(value('process_start_time_seconds') - Date.now() / 1_000)).toBeLessThan(60);
    expect(value('nodejs_eventloop_lag_max_seconds')).toBeGreaterThanOrEqual(0);
    events.push(
      families.get('tidegate_http_requests')?.samples.find(({ labels }) => labels['status'] === '404')?.value ?? 0,
    );
    const health = await fetch(`${url}/healthz/feeds`);
    expect((await health.json()) as object).toMatchObject({ feeds: { late: 0 }, details: [{ feed: 'quakes' }] });
    child.kill('SIGTERM');
    expect(await child.ended).toBe(0);
    expect(child.stderr()).toMatch(/"level":"info","message":"request","method":"GET","path":"\/nowhere","status":404/);
  }
  expect(events).toEqual([1, 2]);
});

test('a token for metrics that is too short ends the start, and is not shown', async () => {
  const child = runCli(['start'], { STORE: 'memory', METRICS_TOKEN: 'short-token' });
  expect(await child.ended).toBe(1);
  expect(child.stderr()).toContain('METRICS_TOKEN: expected at least 32 characters');
  expect(child.stderr()).not.toContain('short-token');
});
