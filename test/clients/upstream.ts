/** What the app's HTTP tool asks: `/sites/<name>` on loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export async function startUpstream(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [, site] = /^\/sites\/(\w+)$/.exec(pathname) ?? [];
    response.writeHead(site === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(site === undefined ? { message: 'no such site' } : { name: site, doors: 3 }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
