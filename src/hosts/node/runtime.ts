/**
 * The runtime of Node: the platform's clock, randomness and fetch, with sockets, name resolution, and connections pinned
 * to checked addresses. What opens sockets is loaded when the first one is opened, so that a start does not read it.
 */
import { lookup } from 'node:dns/promises';
import { type Connect, type Log, type OpenWebSocket, type Runtime, systemRuntime } from '../../base/runtime.ts';
import { nodeFetch } from './fetch.ts';

async function resolve(host: string): Promise<string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}

const connect: Connect = async (...asked) => (await import('./socket.ts')).connectFromNode(...asked);

const openWebSocket: OpenWebSocket = async (...asked) => (await import('./websocket.ts')).openWebSocket(...asked);

export function nodeRuntime(log: Log): Runtime {
  return { ...systemRuntime(log), fetch: nodeFetch, resolve, connect, openWebSocket };
}
