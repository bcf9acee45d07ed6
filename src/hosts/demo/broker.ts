/**
 * The MQTT broker inside `npm start`, so that the demo needs nothing installed: MQTT 3.1.1 on a free port of 127.0.0.1,
 * sessions and queues in memory. For a plant of one's own, a real broker is named in `MQTT_URL`.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TidegateError } from '../../base/errors.ts';

export interface DemoBroker {
  /** `mqtt://127.0.0.1:<port>` */
  url: string;
  /** At QoS 1; resolves when the broker has handed it to its subscribers' queues. Retained, it is also given to later ones. */
  publish(topic: string, payload: string, retain?: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** @throws TidegateError `invalid_config` where the broker's package is not installed. */
export async function startDemoBroker(): Promise<DemoBroker> {
  const { Aedes } = await import('aedes').catch((error: unknown) => {
    throw new TidegateError('invalid_config', 'the demo needs the package aedes, which is not installed', {
      field: 'MQTT_URL',
      expected: 'to be set, where aedes is not installed',
      cause: error,
    });
  });
  const broker = new Aedes();
  await broker.listen();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    publish: (topic, payload, retain = false) =>
      new Promise((resolve, reject) => {
        const packet = { cmd: 'publish' as const, topic, payload, qos: 1 as const, dup: false, retain };
        broker.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      await new Promise<void>((resolve) => broker.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
