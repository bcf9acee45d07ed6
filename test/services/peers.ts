/**
 * TCP servers of which each behaves in one way, for what opens connections. They count what they send and receive, and tell
 * it over HTTP, since whoever connects may be in another process.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';

/** What a peer did, over all of its connections, bytes. */
export interface PeerCount {
  sent: number;
  received: number;
  opened: number;
  closed: number;
}

export type PeerName = keyof typeof BEHAVIOURS;

/** What may be told to another process. */
export interface PeerPlaces {
  ports: Record<PeerName, number>;
  countsUrl: string;
}

export interface RunningPeers extends PeerPlaces {
  stop(): Promise<void>;
}

/** As much as `floods` would send on each connection, bytes: more than all buffers on the way hold. */
export const FLOOD_BYTES = 64 * 1024 * 1024;

const BEHAVIOURS = {
  /** Says what it got, then `bye` in a chunk of its own, and ends. */
  answers: (socket: Socket) => {
    socket.once('data', (bytes) => {
      socket.write(`got ${bytes.toString()}`);
      setImmediate(() => socket.end('bye'));
    });
  },
  /** Ends its half at once and takes whatever comes. */
  endsAtOnce: (socket: Socket) => void socket.end('only this'),
  takes: () => {},
  resets: (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy()),
  floods: (socket: Socket, count: PeerCount) => {
    flood(socket, Buffer.alloc(1024 * 1024), count);
  },
  /** Takes nothing from its buffer. */
  stalls: (socket: Socket) => void socket.pause(),
  /** A broker that ends in the middle of a publication. */
  breaksOff: (socket: Socket) => {
    onSubscribed(socket, () => socket.end(publication.subarray(0, 1_000)));
  },
  /** A broker that publishes at QoS 0 as fast as it is let, up to `FLOOD_BYTES`. */
  publishes: (socket: Socket, count: PeerCount) => {
    onSubscribed(socket, () => flood(socket, publication, count));
  },
} as const;

/** Writes as fast as it is let. */
function flood(socket: Socket, chunk: Uint8Array, count: PeerCount): void {
  let left = FLOOD_BYTES;
  const send = () => {
    let goesOn = true;
    while (goesOn && left > 0) {
      left -= chunk.length;
      count.sent += chunk.length;
      goesOn = socket.write(chunk);
    }
    if (!goesOn) socket.once('drain', send);
  };
  send();
}

const VERSION = { protocolVersion: 5 } as const;
const payload = JSON.stringify({ text: 'x'.repeat(50_000) });
const publication = generate({ cmd: 'publish', topic: 'topic', payload, qos: 0, dup: false, retain: false }, VERSION);

/** Lets a client in that speaks MQTT 5, and grants what it subscribes to. */
function onSubscribed(socket: Socket, next: () => void): void {
  const decoder = parser(VERSION);
  const send = (packet: Packet) => socket.write(generate(packet, VERSION));
  decoder.on('packet', (packet) => {
    if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
    if (packet.cmd !== 'subscribe') return;
    send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [packet.subscriptions[0]?.qos ?? 0] });
    next();
  });
  socket.on('data', (bytes) => decoder.parse(bytes));
}

export async function startPeers(): Promise<RunningPeers> {
  const counts: Record<string, PeerCount> = {};
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const listen = async (server: Server) => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const ports: Record<string, number> = {};
  for (const [name, behave] of Object.entries(BEHAVIOURS)) {
    const count: PeerCount = { sent: 0, received: 0, opened: 0, closed: 0 };
    counts[name] = count;
    const serve = (socket: Socket) => {
      sockets.add(socket);
      count.opened += 1;
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        count.closed += 1;
      });
      if (name !== 'stalls') socket.on('data', ({ length }) => (count.received += length));
      behave(socket, count);
    };
    ports[name] = await listen(createServer({ allowHalfOpen: name === 'endsAtOnce' }, serve));
  }
  const http = createHttpServer((_request, response) => response.end(JSON.stringify(counts)));
  const countsUrl = `http://127.0.0.1:${await listen(http)}/`;
  return {
    ports,
    countsUrl,
    async stop() {
      http.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
    },
  };
}

export async function countOf({ countsUrl }: PeerPlaces, name: PeerName): Promise<PeerCount> {
  const counts = (await (await fetch(countsUrl)).json()) as Record<PeerName, PeerCount>;
  return counts[name];
}
