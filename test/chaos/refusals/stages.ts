/** Stores that can be made to refuse: each stage gives a new, empty one for every run. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { connectRedis } from '../../../infra/local/redis-connection.ts';
import { randomId } from '../../../src/base/runtime.ts';
import { createRedisStore } from '../../../src/store/redis/store.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { startRedis } from '../../services/redis.ts';
import { startUpstash } from '../../services/upstash.ts';
import { mountSmallDisk } from '../../store/small-disk.ts';
import type { LockOrder } from './lock-holder.ts';
import type { Refusing } from './run.ts';

/** A store for one run, and its end. */
type NewRun = (random: () => number) => Promise<Refusing & { close: () => Promise<void> }>;

/** Opens the stage. It puts onto the stack what has to be closed. */
export type Stage = (stack: AsyncDisposableStack) => Promise<NewRun>;

const DISK_BYTES = 64 * 1_048_576;

export const STAGES = {
  /** The disk of the file takes nothing more. */
  async 'sqlite, full'(stack) {
    const disk = mountSmallDisk(DISK_BYTES);
    stack.defer(() => disk.remove());
    return async () => {
      const path = join(disk.folder, `${randomId()}.db`);
      const store = createSqliteStore({ path });
      return {
        store,
        begin: async () => disk.fill(),
        end: async () => disk.free(),
        async close() {
          await store.close();
          rmSync(path);
        },
      };
    };
  },

  /** Redis is over its `maxmemory`. */
  async 'redis, full'(stack) {
    const redis = await startRedis();
    stack.defer(() => redis.stop());
    const front = await startUpstash(redis.url);
    stack.defer(() => front.stop());
    const direct = connectRedis(redis.url);
    stack.defer(() => direct.close());
    const run = async (...words: string[]): Promise<void> => void (await direct.run([words]));
    return async () => ({
      store: await createRedisStore({ url: front.url, token: front.token, app: randomId(), log: () => {} }),
      begin: () => run('CONFIG', 'SET', 'maxmemory', '1'),
      end: () => run('CONFIG', 'SET', 'maxmemory', '0'),
      close: () => run('FLUSHALL'),
    });
  },

  /** Another process holds the lock of writers. Now and then it is killed while it does. */
  async 'sqlite, locked'(stack) {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-locked-'));
    stack.defer(() => rm(folder, { recursive: true }));
    let holder: ChildProcess | null = null;
    stack.defer(() => void holder?.kill('SIGKILL'));
    async function tell(order: LockOrder): Promise<void> {
      holder ??= fork(join(import.meta.dirname, 'lock-holder.ts'));
      const done = once(holder, 'message');
      holder.send(order);
      await done;
    }
    return async (random) => {
      const path = join(folder, `${randomId()}.db`);
      const store = createSqliteStore({ path });
      return {
        store,
        begin: () => tell({ hold: path }),
        async end() {
          if (random() < KILLED_SHARE) {
            holder?.kill('SIGKILL');
            holder = null;
          } else await tell('release');
        },
        close: () => store.close(),
      };
    };
  },
} satisfies Record<string, Stage>;

const KILLED_SHARE = 0.2;
