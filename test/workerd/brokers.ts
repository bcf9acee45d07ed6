/**
 * Vitest's global setup of the workerd project: it runs in Node, and lends TCP peers and Mosquitto to the tests inside
 * workerd, which restart the broker with a request.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { requireService } from '../services/available.ts';
import { startMosquitto } from '../services/mosquitto.ts';
import { type PeerPlaces, startPeers } from '../services/peers.ts';

declare module 'vitest' {
  interface ProvidedContext {
    peers: PeerPlaces;
    /** Null where this machine has no mosquitto. */
    mosquitto: { port: number; wsPort: number; restartUrl: string } | null;
    /** Port of a broker that nobody restarts: files run beside each other. */
    steadyMosquitto: number | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const peers = await startPeers();
  const { ports, countsUrl } = peers;
  project.provide('peers', { ports, countsUrl });
  if (!requireService('mosquitto')) {
    project.provide('mosquitto', null);
    project.provide('steadyMosquitto', null);
    return () => peers.stop();
  }
  const [broker, steady] = await Promise.all([
    startMosquitto(['max_queued_messages 0']),
    startMosquitto(['max_queued_messages 0']),
  ]);
  project.provide('steadyMosquitto', steady.port);
  const control = createServer((_request, response) => void broker.restart().then(() => response.end()));
  await new Promise<void>((listening) => control.listen(0, '127.0.0.1', listening));
  const restartUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}/`;
  project.provide('mosquitto', { port: broker.port, wsPort: broker.wsPort, restartUrl });
  return async () => {
    control.closeAllConnections();
    control.close();
    await Promise.all([broker.stop(), steady.stop()]);
    await peers.stop();
  };
}
