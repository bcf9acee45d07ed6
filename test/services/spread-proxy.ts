/**
 * A proxy on loopback before several servers, which sends each request to another of them, as a load balancer without sticky
 * sessions does. Whatever passes is passed on as it comes. Connections can be cut, and servers left out.
 */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SpreadProxy {
  /** Base URL that stands for those of the servers. */
  url: string;
  /** How many requests each server was given, in the order of the targets. */
  given(): number[];
  /** Cuts every answer that is under way. Answers how many. */
  cut(): number;
  /** From now on no request goes to this target. At least one has to stay. */
  leaveOut(target: string): void;
  /** From now on requests go to this target, too. */
  takeIn(target: string): void;
  close(): Promise<void>;
}

/** Chooses one of so many servers for the next request. */
export type Choose = (servers: number) => number;

export function inTurn(): Choose {
  let next = 0;
  return (servers) => next++ % servers;
}

/** @param random in [0, 1) */
export function byChance(random: () => number): Choose {
  return (servers) => Math.floor(random() * servers);
}

/** @param targets base URLs */
export async function startSpreadProxy(targets: readonly string[], choose: Choose = inTurn()): Promise<SpreadProxy> {
  const counts = new Map(targets.map((target) => [target, 0]));
  const there = [...targets];
  const open = new Set<ServerResponse>();
  // A connection that is kept may be closed by its server just when a request is sent on it.
  const agent = new Agent({ keepAlive: false });

  function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const target = there[choose(there.length)] ?? '';
    counts.set(target, (counts.get(target) ?? 0) + 1);
    const { hostname, port, host } = new URL(target);
    const { method, url: path, headers } = incoming;
    open.add(outgoing);
    const further = request({ agent, hostname, port, method, path, headers: { ...headers, host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    further.on('error', () => outgoing.destroy());
    outgoing.on('close', () => {
      open.delete(outgoing);
      further.destroy();
    });
    incoming.on('error', () => further.destroy());
    incoming.pipe(further);
  }

  const server = createServer(pass).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    given: () => [...counts.values()],
    cut() {
      const cut = open.size;
      for (const outgoing of open) outgoing.destroy();
      return cut;
    },
    leaveOut(target) {
      if (there.includes(target) && there.length > 1) there.splice(there.indexOf(target), 1);
    },
    takeIn(target) {
      if (!there.includes(target)) there.push(target);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
