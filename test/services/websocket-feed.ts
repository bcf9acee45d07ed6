/**
 * A real WebSocket source on 127.0.0.1 whose paths behave as a test says, well or badly: it may drop, stall, send garbage
 * or flood. It records who connected, with what, and what was said to it.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createRequire } from 'node:module';
import type * as ws from 'ws';

// Where vitest resolves for workerd, the package is a stub for browsers; this is asked of Node itself.
const { WebSocketServer } = createRequire(import.meta.url)('ws') as typeof ws;

export interface Peer {
  /** Which connection this is, from 1 on. */
  number: number;
  socket: ws.WebSocket;
  /** Below it, to break it or to write what is no WebSocket frame. */
  tcp: Socket;
  send: (...values: unknown[]) => void;
  /** What the client said, newest last. */
  said: string[];
}

export type Behaviour = (peer: Peer) => void;

export interface SocketSource extends AsyncDisposable {
  /** `ws://127.0.0.1:<port>` */
  origin: string;
  /** `127.0.0.1:<port>`, as a feed's `allow` takes it. */
  host: string;
  /** Handshakes, newest last; those that were refused too. */
  handshakes: { path: string; headers: IncomingMessage['headers'] }[];
  peers: Peer[];
  /** Codes with which clients closed. */
  closes: number[];
  on(path: string, behaviour: Behaviour): void;
  /** Handshakes of this path are answered so. */
  refuse(path: string, status: number, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

export async function startSocketSource(): Promise<SocketSource> {
  const behaviours = new Map<string, Behaviour>();
  const refusals = new Map<string, { status: number; headers: Record<string, string> }>();
  const [handshakes, peers, closes]: [SocketSource['handshakes'], Peer[], number[]] = [[], [], []];
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, handleProtocols: ([first]) => first ?? false });
  http.on('upgrade', (request, tcp: Socket, head) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    handshakes.push({ path: request.url ?? '', headers: request.headers });
    // A client that goes away in the middle is what many tests are about.
    tcp.on('error', () => {});
    const refusal = refusals.get(path);
    if (refusal) {
      const headers = Object.entries({ ...refusal.headers, connection: 'close', 'content-length': '0' });
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      tcp.end(`HTTP/1.1 ${refusal.status} No\r\n${lines}\r\n`);
      return;
    }
    server.handleUpgrade(request, tcp, head, (socket) => {
      const peer: Peer = {
        number: peers.length + 1,
        socket,
        tcp,
        said: [],
        send: (...values) => {
          for (const value of values) socket.send(typeof value === 'string' ? value : JSON.stringify(value));
        },
      };
      peers.push(peer);
      socket.on('error', () => {});
      socket.on('message', (data: Buffer) => peer.said.push(data.toString()));
      socket.on('close', (code) => closes.push(code));
      behaviours.get(path)?.(peer);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      for (const { socket } of peers) socket.terminate();
      http.close(() => resolve());
      http.closeAllConnections();
    });
  return {
    origin: `ws://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    handshakes,
    peers,
    closes,
    on: (path, behaviour) => void behaviours.set(path, behaviour),
    refuse: (path, status, headers = {}) => void refusals.set(path, { status, headers }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Sends as fast as the client takes it, `total` messages at most; answers how many it sent. */
export function flood({ socket }: Peer, message: (n: number) => string, total: number): () => number {
  let sent = 0;
  const more = () => {
    if (socket.readyState !== socket.OPEN) return;
    for (; sent < total && socket.bufferedAmount < 256 * 1024; sent += 1) socket.send(message(sent));
    if (sent < total) setImmediate(more);
  };
  more();
  return () => sent;
}
