/** A host within a server of Node's own kind: `http.createServer`, Express, Connect, and what takes their middleware. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Host } from '../http-host.ts';

export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/**
 * Answers every request that it is given; one that nothing is at gets 404. Mount it before middleware that reads bodies.
 * Below a path of another server (`app.use('/live', nodeListener(host))`) set `publicUrl` to what that path is from outside.
 */
export function nodeListener(host: Pick<Host, 'fetch'>): NodeListener {
  // Fetch and Response stay those of the process, which belongs to somebody else.
  return getRequestListener((request) => host.fetch(request), { overrideGlobalObjects: false });
}
