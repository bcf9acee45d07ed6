/** The runtime of Node: the platform's clock, randomness and fetch, with sockets, name resolution, and connections pinned to checked addresses. */
import { lookup } from 'node:dns/promises';
import { type Log, type Runtime, systemRuntime } from '../../base/runtime.ts';
import { nodeFetch } from './fetch.ts';
import { connect } from './socket.ts';
import { openWebSocket } from './websocket.ts';

async function resolve(host: string): Promise<string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}

export function nodeRuntime(log: Log): Runtime {
  return { ...systemRuntime(log), fetch: nodeFetch, resolve, connect, openWebSocket };
}
