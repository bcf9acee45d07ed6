/**
 * A Mosquitto broker of one's own, on 127.0.0.1 and free ports, over TCP and WebSocket. It keeps sessions and queues in
 * a folder of its own, so that they survive `restart`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onFreePorts, startProcess } from './server-process.ts';

export interface RunningMosquitto {
  /** MQTT over TCP. */
  port: number;
  /** MQTT over WebSocket. */
  wsPort: number;
  /** Ends it and starts it again on the same ports, with the sessions and queues that it had. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param configLines added to the end of its configuration, e.g. `['max_queued_messages 50']`. */
export async function startMosquitto(configLines: readonly string[] = []): Promise<RunningMosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-mosquitto-'));
  const config = join(folder, 'mosquitto.conf');
  const start = () => startProcess('mosquitto', ['-c', config], /mosquitto version \S+ running/);
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const started = await onFreePorts(2, async ([port = 0, wsPort = 0]) => {
    await writeFile(config, configuration(folder, port, wsPort, configLines));
    return { port, wsPort, server: await start() };
  }).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  let { server } = started;
  return {
    port: started.port,
    wsPort: started.wsPort,
    async restart() {
      await server.stop();
      server = await start();
    },
    async stop() {
      await server.stop();
      await removeFolder();
    },
  };
}

function configuration(folder: string, port: number, wsPort: number, more: readonly string[]): string {
  const lines = [
    // Started by root it would give up its rights, and then may not write to the folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'log_dest stderr',
    'allow_anonymous true',
    'set_tcp_nodelay true',
    'persistence true',
    `persistence_location ${folder}/`,
    `listener ${port} 127.0.0.1`,
    `listener ${wsPort} 127.0.0.1`,
    'protocol websockets',
    ...more,
  ];
  return `${lines.join('\n')}\n`;
}
