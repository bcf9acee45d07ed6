/** The upstream of the soak: a log of numbered items that grows all the while, and answers as it is told to. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How it answers. `odd` is a status line that HTTP does not know. */
export const MOODS = ['well', 'failing', 'hanging', 'cut', 'garbage', 'odd'] as const;
export type Mood = (typeof MOODS)[number];

export interface Source {
  origin: string;
  mood: Mood;
  size(): number;
  /** No further items come to it. */
  rest(): void;
  stop(): Promise<void>;
}

const PAGE = 500;

/** @param perSecond items that come to it */
export async function startSource(perSecond: number): Promise<Source> {
  const startedAt = performance.now();
  let stoppedAt: number | null = null;
  const size = () => Math.floor((((stoppedAt ?? performance.now()) - startedAt) / 1_000) * perSecond);
  const server = createServer((request, response) => {
    const from = Number(new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('from'));
    const to = Math.min(size(), from + PAGE);
    const items = Array.from({ length: Math.max(0, to - from) }, (_, index) => ({ n: from + index }));
    answer(response, source.mood, JSON.stringify({ items, next: String(Math.max(from, to)) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const source: Source = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mood: 'well',
    size,
    rest: () => void (stoppedAt ??= performance.now()),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return source;
}

function answer(response: ServerResponse, mood: Mood, body: string): void {
  const json = { 'content-type': 'application/json' };
  switch (mood) {
    case 'well':
      response.writeHead(200, json).end(body);
      break;
    case 'failing':
      response.writeHead(500).end('no');
      break;
    case 'hanging':
      // The server of the feed gives up on it.
      break;
    case 'cut':
      response.writeHead(200, { ...json, 'content-length': body.length });
      response.write(body.slice(0, body.length / 2), () => response.destroy());
      break;
    case 'garbage':
      response.writeHead(200, json).end(`${body.slice(1)}\u0000`);
      break;
    case 'odd':
      response.socket?.end('HTTP/1.1 999 \u001b[31mno\r\n\r\n');
      break;
  }
}
