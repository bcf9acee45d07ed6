/**
 * The upstreams of the kill runs, and the record of what they gave: an HTTP server with numbered items (a sliding window
 * with ids, and a log read by position), which a test lets grow between two kills.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Source {
  url: string;
  /** Items there are now. */
  size(): number;
  grow(items: number): void;
  stop(): Promise<void>;
}

/** How many of the newest items the window shows: an item is seen again and again. */
export const WINDOW = 10_000;
/** How many items one answer of the log holds. */
const PAGE = 100;

export async function startSource(): Promise<Source> {
  let size = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const from = url.pathname === '/log' ? Number(url.searchParams.get('from')) : Math.max(0, size - WINDOW);
    const to = url.pathname === '/log' ? Math.min(size, from + PAGE) : size;
    const items = Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ n: from + index }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    size: () => size,
    grow: (items) => {
      size += items;
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
