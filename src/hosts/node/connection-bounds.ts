/**
 * The connections of a server of Node's. There are no more than a number of them: the one that has been idle longest makes
 * room. Each is served one request at a time, and whoever does not take its answers in time is cut off. What a connection and its
 * address asked for of late is kept beside it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AddressRange } from '../../base/config/proxies.ts';
import { networkOf } from '../../net/network-of.ts';
import { createClientAddresses } from './client-address.ts';
import type { Spending } from './turns/spent.ts';

export interface ConnectionBounds {
  /** Most connections. */
  connections: number;
  /** Most bytes of answers that their readers have not taken. */
  unsentBytes: number;
  /** How long a reader may take nothing of what was answered, ms. */
  answerMs: number;
  /** Default: none. */
  proxies?: readonly AddressRange[];
}

export interface ServedConnection {
  spending: Spending;
  /** Of its address. */
  around: Spending;
}

interface BoundedConnections {
  /**
   * Runs `serve` once the requests that came before on the same connection have their answers; what it answers is run at the end, once. Where many wait, no more is read of
   * the connection. Where too many came at once, the first that is too many runs `refuse` in its place, which has to answer and to
   * end the connection; what came behind it has no answer. Neither is run where the connection is gone by then.
   */
  inOrder(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    serve: (connection: ServedConnection) => () => void,
    refuse: () => void,
  ): void;
  stop(): void;
}

/** While so many requests wait on one connection behind the one that is served, no more is read of it. */
const MANY_PIPELINED = 16;
/** So many may wait: those that came in one piece are there before reading stops. */
const MOST_PIPELINED = 64;
const LOOK_MS = 500;
/** Whose spending is remembered, connected or not: who comes back on another connection is the same. */
const MOST_ADDRESSES = 10_000;

interface Open {
  spending: Spending;
  /** Requests that are served or wait; 0: the connection is idle. */
  underWay: number;
  waiting: (() => void)[];
  /** One of those that wait is refused, and ends the connection. */
  isRefusing: boolean;
  /** Bytes that had left at the last look, and since when there are no more of them. */
  left: number;
  since: number;
}

export function boundConnections(
  server: Server,
  { connections, unsentBytes, answerMs, proxies = [] }: ConnectionBounds,
  now: () => number,
): BoundedConnections {
  /** The one that has been idle longest comes first. */
  const open = new Map<Socket, Open>();
  /** What addresses asked for of late; the one that asked longest ago comes first. */
  const addresses = new Map<string, Spending>();
  const addressOf = createClientAddresses(proxies);

  const fresh = (): Spending => ({ spent: 0, at: now() });

  function spendingOf(address: string): Spending {
    const network = networkOf(address);
    const spending = addresses.get(network) ?? fresh();
    addresses.delete(network);
    addresses.set(network, spending);
    const [oldest] = addresses.size > MOST_ADDRESSES ? addresses.keys() : [];
    if (oldest !== undefined) addresses.delete(oldest);
    return spending;
  }

  server.on('connection', (socket: Socket) => {
    if (open.size >= connections && !makeRoom()) {
      socket.destroy();
      return;
    }
    const connection: Open = { spending: fresh(), underWay: 0, waiting: [], isRefusing: false, left: 0, since: 0 };
    open.set(socket, connection);
    // Node reads on at the end of each request. Those that wait have come whole, but for the last.
    socket.on('resume', () => {
      if (connection.waiting.length >= MANY_PIPELINED) socket.pause();
    });
    socket.once('close', () => open.delete(socket));
  });

  /** Whoever waits for an answer keeps its connection. */
  function makeRoom(): boolean {
    for (const [socket, { underWay }] of open) {
      if (underWay > 0) continue;
      open.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  function look(): void {
    const time = now();
    const slow: { socket: Socket; unsent: number; since: number }[] = [];
    let sum = 0;
    for (const [socket, each] of open) {
      const unsent = socket.writableLength;
      if (unsent === 0) continue;
      const left = socket.bytesWritten - unsent;
      if (left !== each.left || each.since === 0) [each.left, each.since] = [left, time];
      if (time - each.since >= answerMs) {
        socket.destroy();
        continue;
      }
      sum += unsent;
      slow.push({ socket, unsent, since: each.since });
    }
    // Whoever has stood still longest goes first.
    slow.sort((a, b) => a.since - b.since);
    for (const { socket, unsent } of slow) {
      if (sum <= unsentBytes) break;
      sum -= unsent;
      socket.destroy();
    }
  }

  const timer = setInterval(look, LOOK_MS);
  timer.unref();

  return {
    inOrder(incoming, outgoing, serve, refuse) {
      const { socket } = incoming;
      const connection = open.get(socket);
      if (connection === undefined || connection.isRefusing) return;
      if (connection.waiting.length >= MANY_PIPELINED) socket.pause();
      if (connection.waiting.length >= MOST_PIPELINED) {
        connection.isRefusing = true;
        connection.waiting.push(() => void (socket.destroyed || refuse()));
        return;
      }
      connection.underWay += 1;
      const run = () => {
        if (socket.destroyed) return;
        const { address, isForwarded } = addressOf(incoming);
        // A proxy's connection carries the requests of many.
        const spending = isForwarded ? fresh() : connection.spending;
        const end = serve({ spending, around: spendingOf(address) });
        outgoing.on('close', () => {
          end();
          connection.underWay -= 1;
          connection.waiting.shift()?.();
          if (connection.waiting.length < MANY_PIPELINED && socket.isPaused()) socket.resume();
          if (connection.underWay > 0 || !open.delete(socket)) return;
          connection.since = 0;
          open.set(socket, connection);
        });
      };
      if (connection.underWay === 1) run();
      else connection.waiting.push(run);
    },
    stop: () => clearInterval(timer),
  };
}
