/** Serves a fetch handler on 127.0.0.1 and the port of the first argument, and says when it listens. */
import { serve } from '@hono/node-server';

export function listen(fetch: (request: Request) => Response | Promise<Response>): void {
  serve({ fetch, hostname: '127.0.0.1', port: Number(process.argv[2]) }, () => console.log('listening'));
}
