/** Runs a Worker of this repository in workerd, as wrangler builds it. Only Linux, macOS and Windows on common processors have one. */
import { resolve } from 'node:path';
import { createTestHarness } from 'wrangler';

const ROOT = resolve(import.meta.dirname, '../..');

export interface RunningWorker {
  url: string;
  /** Whether the handler of the cron trigger ended well. */
  cron(): Promise<boolean>;
  /** What it logged, a line each. */
  logged(): string[];
  stop(): Promise<void>;
}

/** @param main default: the entry and the settings of `wrangler.toml`. */
export async function startWorker(
  variables: Record<string, string>,
  main: string | null = null,
): Promise<RunningWorker> {
  const config = {
    name: 'tidegate-test',
    main: main ?? '',
    compatibility_date: '2026-10-01',
    compatibility_flags: ['nodejs_compat'],
    vars: variables,
  };
  const worker = main === null ? { configPath: 'wrangler.toml', secrets: variables } : { config };
  const harness = createTestHarness({ root: ROOT, workers: [worker] });
  const { url } = await harness.listen();
  return {
    url: url.origin,
    cron: async () => (await harness.getWorker().scheduled({ cron: '* * * * *' })).outcome === 'ok',
    logged: () => harness.getLogs().map(({ message }) => message),
    stop: () => harness.close(),
  };
}
