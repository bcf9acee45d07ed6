/** Serves a host as `npm start` does, with its bounds and turns, on 127.0.0.1 and the port of the first argument, and says when it listens. */
import * as z from 'zod';
import { BOUND_VARIABLES, boundsOf } from '../../../src/base/config/bounds.ts';
import type { Host } from '../../../src/hosts/http-host.ts';
import { createBoundedServer } from '../../../src/hosts/node/bounded-server.ts';

const KEEP_ALIVE_MS = 65_000;

export function serveApp({ fetch }: Pick<Host, 'fetch'>): void {
  const bounds = boundsOf(z.object(BOUND_VARIABLES).parse({}));
  const server = createBoundedServer(fetch, { now: () => performance.now() }, KEEP_ALIVE_MS, bounds);
  server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
}
