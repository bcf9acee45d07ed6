/** A redis-server of one's own, on 127.0.0.1 and a free port, with nothing kept on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFreePorts, startProcess } from './server-process.ts';

export interface RunningRedis {
  /** `redis://127.0.0.1:<port>` */
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** @param settings more of redis-server's arguments, e.g. `['--maxmemory-policy', 'allkeys-lru']`. */
export async function startRedis(settings: readonly string[] = []): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-redis-'));
  const started = await onFreePorts(1, async ([port = 0]) => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    return { port, server: await startProcess('redis-server', [...args, ...settings], /Ready to accept connections/) };
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const { port, server } = started;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
