// oxlint-disable-next-line import/no-unassigned-import -- all it does is to end a Node that is too old
import './infra/local/needed-node.mjs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Tests that start processes, bundle, or change what a process has once, such as its timers: each file in a process of its own. */
const ISOLATED = [
  'bench',
  'chaos',
  'corpora',
  'end-to-end',
  'examples',
  'fuzz',
  'hosts',
  'infra',
  'seams',
  'services',
].map((folder) => `test/${folder}/**/*.test.ts`);

// Processes that tests start take what Node compiled before: see test/services/compiled.ts.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

const SHARED = 'test/services/shared-dynamo.ts';

const NODE = { globalSetup: SHARED, setupFiles: ['test/check-stored.ts'], testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Most of a suite's time is spent waiting for engines and leases, so one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          ...NODE,
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workerd/**', ...ISOLATED],
          // What all of them import is read once a process: a third of the time that they take.
          isolate: false,
        },
      },
      {
        test: {
          ...NODE,
          name: 'node-isolated',
          include: ISOLATED,
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01' } })],
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          setupFiles: ['test/check-stored.ts'],
          globalSetup: [
            SHARED,
            'test/workerd/redis-front.ts',
            'test/workerd/dynamodb-local.ts',
            'test/workerd/brokers.ts',
            'test/workerd/sockets.ts',
          ],
          testTimeout: 20_000,
          // As wrangler bundles it: its stream library cannot be loaded a second time beside that of the platform.
          deps: { optimizer: { ssr: { enabled: true, include: ['mqtt-packet'] } } },
        },
      },
    ],
  },
});
