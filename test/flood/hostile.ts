/**
 * Connections that mean harm, each kind in one function: it does to a connected socket what its kind does, and is called
 * again, a moment later, whenever the server has closed the connection.
 */
import { connect, type Socket } from 'node:net';
import { batch, call, FIRST_CURSOR, head, listTools, whole } from './messages.ts';

const MEBIBYTE = 1_048_576;
const AGAIN_MS = 100;
const PIPELINED = 20;

const all = { stream: 'backlog', cursor: FIRST_CURSOR, maxEvents: 1_000 };
const chunked = (more: Record<string, string> = {}) =>
  head({ ...listTools() }, { 'Transfer-Encoding': 'chunked', ...more });

type Kind = (socket: Socket) => void;

export const KINDS: Record<string, Kind> = {
  /** A body of 1 MiB that never ends. */
  endless(socket) {
    const size = MEBIBYTE - 64;
    socket.resume();
    socket.write(`${chunked()}${size.toString(16)}\r\n${' '.repeat(size)}\r\n`);
  },
  /** The same of a declared length, without its last byte. */
  unfinished(socket) {
    socket.resume();
    socket.write(`${head(listTools(), { 'Content-Length': `${MEBIBYTE - 64}` })}${' '.repeat(MEBIBYTE - 65)}`);
  },
  /** A body with one byte a chunk, as fast as the server takes it. */
  bytes(socket) {
    const piece = '1\r\n \r\n'.repeat(1_000);
    const more = () => {
      while (socket.writable && socket.write(piece));
    };
    socket.resume();
    socket.on('drain', more);
    socket.write(chunked());
    more();
  },
  /** Headers that come a byte a second. */
  headers(socket) {
    const text = head(listTools(), { 'X-Long': 'x'.repeat(4_000) });
    let at = 0;
    socket.resume();
    const timer = setInterval(() => void socket.write(text[at++] ?? 'x'), 1_000);
    socket.once('close', () => clearInterval(timer));
  },
  /** Says nothing. */
  silent(socket) {
    socket.resume();
  },
  /** Asks for tails of the whole backlog, many at once, and never reads an answer. */
  unread(socket) {
    socket.pause();
    socket.write(whole(call('tail_stream', all, 'token')).repeat(PIPELINED));
  },
  /** Begins one export after the other. */
  exports(socket) {
    again(socket, () => whole(call('export_history', { stream: 'backlog' })));
  },
  /** Batches of fifty tails. */
  batches(socket) {
    again(socket, () => whole(batch(50, 'tail_stream', { ...all, seconds: 0 })));
  },
  /** Waits for events as long as it may, and again. */
  waits(socket) {
    again(socket, () => whole(call('tail_stream', { stream: 'backlog', seconds: 25, maxEvents: 1_000 })));
  },
  /** Waits, and goes away; an earlier revision's requests go on without their clients. */
  gone(socket) {
    socket.resume();
    const { body, ...post } = batch(1, 'tail_stream', { stream: 'backlog', seconds: 25 });
    socket.write(whole({ ...post, body: body.slice(1, -1) }));
    setTimeout(() => socket.destroy(), 200);
  },
  /** Tails of the whole backlog, one after the other. */
  tails(socket) {
    again(socket, () => whole(call('tail_stream', { ...all, settleSeconds: 25 })));
  },
  /** Pages of a thousand events, one after the other. */
  pages(socket) {
    again(socket, () => whole(call('read_history', { stream: 'backlog', limit: 1_000 })));
  },
  /** Whole bodies of 1 MiB, one after the other. */
  bodies(socket) {
    const { body, ...post } = call('list_streams', {});
    const padded = body.replace('"arguments":{}', `"arguments":{"x":[${'0,'.repeat(MEBIBYTE / 2 - 1_000)}0]}`);
    again(socket, () => whole({ ...post, body: padded }));
  },
};

/** The eight kinds of the flood that decides. */
export const EIGHT = ['endless', 'bytes', 'headers', 'silent', 'unread', 'exports', 'batches', 'waits'];

/** Sends what is asked, reads to the end of the answer, and sends again: as a client does that reads all it asks for. */
function again(socket: Socket, text: () => string): void {
  let tail = '';
  let missing: number | null = null;
  socket.on('data', (chunk: Buffer) => {
    // An answer has a length, or ends with an empty chunk.
    if (missing === null) {
      const seen = tail + chunk.toString('latin1');
      const end = seen.indexOf('\r\n\r\n');
      if (end < 0) {
        tail = seen;
        return;
      }
      const length = /\r\ncontent-length: (\d+)/i.exec(seen.slice(0, end + 2))?.[1];
      missing = length === undefined ? Number.POSITIVE_INFINITY : Number(length) - (seen.length - end - 4);
      tail = seen.slice(-8);
    } else {
      missing -= chunk.length;
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 8))).slice(-8);
    }
    if (missing > 0 && !(missing === Number.POSITIVE_INFINITY && tail.endsWith('\r\n0\r\n\r\n'))) return;
    [tail, missing] = ['', null];
    socket.write(text());
  });
  socket.write(text());
}

export interface Hostile {
  /** How often the server closed a connection. */
  closed(): number;
  stop(): void;
}

export function startHostile(port: number, kinds: readonly string[], connections: number): Hostile {
  let closed = 0;
  let isOver = false;
  const sockets = new Set<Socket>();
  function open(kind: Kind): void {
    if (isOver) return;
    const socket = connect(port, '127.0.0.1', () => kind(socket));
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      closed += 1;
      setTimeout(() => open(kind), AGAIN_MS);
    });
  }
  for (let at = 0; at < connections; at += 1) {
    const kind = KINDS[kinds[at % kinds.length] ?? ''];
    if (kind === undefined) throw new Error(`there is no kind ${kinds[at % kinds.length]}`);
    open(kind);
  }
  return {
    closed: () => closed,
    stop() {
      isOver = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
