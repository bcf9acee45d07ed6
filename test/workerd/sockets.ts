/**
 * Vitest's global setup of the workerd project: it runs in Node, and lends a WebSocket source, well and badly behaved, to
 * the tests inside workerd, with a history of it and a page that says what it was told.
 */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { TestProject } from 'vitest/node';
import { json, startHttpSource, text } from '../services/http-feed.ts';
import { flood, startSocketSource } from '../services/websocket-feed.ts';

declare module 'vitest' {
  interface ProvidedContext {
    sockets: { origin: string; host: string; historyUrl: string; historyHost: string; seenUrl: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const sockets = await startSocketSource();
  const pages = await startHttpSource();
  let connections = 0;
  sockets.on('/ticks', ({ socket, send }) => {
    const name = `c${(connections += 1)}`;
    socket.on('message', (data: Buffer) => {
      if (!data.toString().includes('subscribe')) return;
      send({ ok: true }, { id: `${name}-text` });
      socket.send(Buffer.from(JSON.stringify({ id: `${name}-binary` })));
    });
  });
  sockets.on(
    '/flood',
    (peer) => void flood(peer, (n) => JSON.stringify({ id: `f${n}`, pad: 'x'.repeat(1_000) }), 30_000),
  );
  sockets.on('/broken', ({ send, tcp }) => {
    send({ id: 'whole' });
    tcp.write(Buffer.from([0x01, 0x03, 0x61, 0x62, 0x63]), () => tcp.destroy());
  });
  sockets.on('/later', ({ socket }) => socket.close(1013, 'later'));
  sockets.refuse('/refused', 429, { 'Retry-After': '7' });
  pages.on('/history', json({ values: [{ id: 'missed' }, { id: 'c1-text' }] }));
  const rows = Buffer.from(`id,v\n${Array.from({ length: 500 }, (_, n) => `r${n},${1_000_000 + n}\n`).join('')}`);
  for (const [coding, packed] of Object.entries({ gzip: gzipSync(rows), br: brotliCompressSync(rows) })) {
    const headers = { 'content-encoding': coding, etag: '"1"' };
    pages.on(`/cut/${coding}`, text(packed.subarray(0, packed.length - 20), 'text/csv', headers));
    pages.on(`/whole/${coding}`, text(packed, 'text/csv', headers));
  }
  pages.on('/seen', (_request, response) => {
    const said = sockets.peers.map((peer) => peer.said);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ handshakes: sockets.handshakes, said, closes: sockets.closes }));
  });
  project.provide('sockets', {
    origin: sockets.origin,
    host: sockets.host,
    historyUrl: `${pages.origin}/history`,
    historyHost: pages.host,
    seenUrl: `${pages.origin}/seen`,
  });
  return async () => {
    await sockets.close();
    await pages.close();
  };
}
