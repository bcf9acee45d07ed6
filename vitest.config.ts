// oxlint-disable-next-line import/no-unassigned-import -- all it does is to end a Node that is too old
import './infra/local/needed-node.mjs';
import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Most of a suite's time is spent waiting for engines and leases.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workerd/**'],
          setupFiles: ['test/check-stored.ts'],
          testTimeout: 20_000,
        },
      },
      {
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-01' } })],
        test: {
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          setupFiles: ['test/check-stored.ts'],
          globalSetup: [
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
