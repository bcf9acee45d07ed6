/** For the tests of the MQTT protocol: a clock that runs only while nothing else happens, and a broker that plays a script. */
import { generate, type IConnectPacket, parser, type Packet } from 'mqtt-packet';
import type { ByteSocket, Connect } from '../../../src/base/runtime.ts';

export interface VirtualClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Jumps to the earliest sleeper when nothing has happened for a few turns of the event loop. */
export function virtualClock(start = 1_000_000): VirtualClock {
  let time = start;
  let turning = false;
  const sleepers = new Set<{ at: number; wake: () => void }>();

  async function turn(): Promise<void> {
    if (turning) return;
    turning = true;
    while (sleepers.size > 0) {
      for (let index = 0; index < 20; index += 1) await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...sleepers].sort((a, b) => a.at - b.at);
      if (!next) break;
      time = Math.max(time, next.at);
      next.wake();
    }
    turning = false;
  }

  return {
    now: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = { at: time + ms, wake: done };
        function done() {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        sleepers.add(sleeper);
        signal?.addEventListener('abort', done, { once: true });
        void turn();
      }),
  };
}

export interface ScriptedConnection {
  protocolVersion: 4 | 5;
  send(packet: Packet): void;
  sendBytes(bytes: Uint8Array): void;
  /** The peer closes, or the connection breaks. */
  end(error?: Error): void;
}

export interface ScriptedBroker {
  connect: Connect;
  /** Every packet that came, over all connections. */
  packets: Packet[];
  /** Each write as it came. */
  writes: Uint8Array[];
  connections: number;
  closed: number;
}

/** @param script is called for each packet that comes. */
export function scriptedBroker(script: (packet: Packet, connection: ScriptedConnection) => void): ScriptedBroker {
  const broker: ScriptedBroker = { packets: [], writes: [], connections: 0, closed: 0, connect };

  function connect(): Promise<ByteSocket> {
    broker.connections += 1;
    let closed = false;
    const waiting: (Uint8Array | Error | null)[] = [];
    let reader: ((next: Uint8Array | Error | null) => void) | null = null;
    const deliver = (next: Uint8Array | Error | null) => {
      if (reader) reader(next);
      else waiting.push(next);
      reader = null;
    };
    const connection: ScriptedConnection = {
      protocolVersion: 5,
      send: (packet) => deliver(generate(packet, { protocolVersion: connection.protocolVersion })),
      sendBytes: deliver,
      end: (error) => deliver(error ?? null),
    };
    const decoder = parser({ protocolVersion: 5 });
    let decode = (bytes: Uint8Array): void => void decoder.parse(Buffer.from(bytes));
    const take = (packet: Packet) => {
      broker.packets.push(packet);
      script(packet, connection);
    };
    decoder.on('packet', (packet) => {
      const { protocolVersion } = packet as IConnectPacket;
      if (packet.cmd === 'connect' && protocolVersion === 4) {
        connection.protocolVersion = 4;
        const older = parser({ protocolVersion: 4 });
        older.on('packet', take);
        decode = (bytes) => void older.parse(Buffer.from(bytes));
      }
      take(packet);
    });
    return Promise.resolve({
      read: () =>
        new Promise((resolve, reject) => {
          const settle = (next: Uint8Array | Error | null) => (next instanceof Error ? reject(next) : resolve(next));
          const next = waiting.shift();
          if (next === undefined) reader = settle;
          else settle(next);
        }),
      write(bytes) {
        if (closed) return Promise.reject(new Error('the connection is closed'));
        broker.writes.push(bytes);
        decode(bytes);
        return Promise.resolve();
      },
      close() {
        broker.closed += 1;
        closed = true;
        deliver(null);
      },
    });
  }
  return broker;
}

export interface PoliteOptions {
  sessionPresent?: boolean;
  connackProperties?: object;
  /** Called when the first subscription of a connection is granted. */
  afterSubscribe?(connection: ScriptedConnection): void;
  /** Called for whatever else comes. */
  otherwise?(packet: Packet, connection: ScriptedConnection): void;
}

/** A broker that grants everything and closes when told goodbye. */
export function politeBroker(options: PoliteOptions = {}): ScriptedBroker {
  const subscribed = new Set<ScriptedConnection>();
  return scriptedBroker((packet, connection) => {
    if (packet.cmd === 'connect') {
      const { sessionPresent = false, connackProperties: properties = {} } = options;
      connection.send({ cmd: 'connack', reasonCode: 0, returnCode: 0, sessionPresent, properties });
    } else if (packet.cmd === 'subscribe') {
      connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [1] });
      if (!subscribed.has(connection)) options.afterSubscribe?.(connection);
      subscribed.add(connection);
    } else if (packet.cmd === 'unsubscribe') {
      connection.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0, granted: [0] });
    } else if (packet.cmd === 'disconnect') connection.end();
    else options.otherwise?.(packet, connection);
  });
}

export function publicationOf(messageId: number, payload: string, more: object = {}): Packet {
  return { cmd: 'publish', topic: 'a/b', payload, qos: 1, dup: false, retain: false, messageId, ...more };
}
