/**
 * The runtime of Node: the platform's clock, randomness and fetch, with sockets, name resolution, and connections pinned
 * to checked addresses. What opens sockets is loaded when the first one is opened, so that a start does not read it.
 */
import { hash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { TidegateError } from '../../base/errors.ts';
import { isOldNode, NODE_NEEDED } from '../../base/config/node-version.ts';
import { createPace } from '../../base/pace.ts';
import { type Connect, type Log, type OpenWebSocket, type Runtime, systemRuntime } from '../../base/runtime.ts';
import { nodeFetch } from './fetch.ts';
import { requestsWait } from './loop-share.ts';
import { doNamed } from './process/stray-rejections.ts';

async function resolve(host: string): Promise<string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}

const connect: Connect = async (...asked) => (await import('./socket.ts')).connectFromNode(...asked);

const openWebSocket: OpenWebSocket = async (...asked) => (await import('./websocket.ts')).openWebSocket(...asked);

/** The event loop looks at its sockets and timers before each of these calls. One for the process, as the loop is. */
const pace = createPace({
  now: () => performance.now(),
  later: (call) => void setImmediate(call),
  othersWait: requestsWait,
});

/** Node calls it after it has taken up what its sockets had, and before it looks at them again. */
const afterTurn = (call: () => void) => void setImmediate(call);

const sha256 = (text: string) => hash('sha256', text, 'base64url');

/** @throws TidegateError `invalid_config` on a Node that is too old */
export function nodeRuntime(log: Log): Runtime {
  const { node } = process.versions;
  if (isOldNode(node)) {
    const message = `this is Node ${node}, and Tidegate needs ${NODE_NEEDED}`;
    throw new TidegateError('invalid_config', message, { field: 'node', expected: NODE_NEEDED });
  }
  const network = { fetch: nodeFetch, resolve, connect, openWebSocket };
  return { ...systemRuntime(log), ...network, sha256, pace, afterTurn, named: doNamed };
}
