/**
 * TCP and TLS byte streams on Cloudflare Workers: the `connect` of its runtime. It reads only when asked to, so that a peer
 * is slowed down. Whom it may reach and whom it trusts is the platform's to decide: deployed it refuses private addresses,
 * those of Cloudflare itself and port 25, and a certificate must come from a public authority.
 */
import { connect as open, type Socket } from 'cloudflare:sockets';
import { TidegateError } from '../../base/errors.ts';
import type { ByteSocket, Connect, TlsOptions } from '../../base/runtime.ts';

/** What one read brings at most. */
const READ_BYTES = 64 * 1024;
/** What the platform has no way to be told. */
const UNKNOWN_OPTIONS = ['ca', 'cert', 'key', 'servername'] as const;

/**
 * Rejects with the platform's own error when the connection cannot be made, with the signal's reason, or with
 * `invalid_config` for options that the platform does not know.
 */
export const connectFromWorker: Connect = async ({ host, port, tls }, signal) => {
  signal.throwIfAborted();
  refuseUnknown(tls);
  const hostname = host.includes(':') ? `[${host}]` : host;
  const socket = open({ hostname, port }, { secureTransport: tls === null ? 'off' : 'on', allowHalfOpen: false });
  // A connection that breaks is told by read and write; nobody else waits for its end.
  socket.closed.catch(() => {});
  const aborted = Promise.withResolvers<never>();
  const abandon = () => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await Promise.race([socket.opened, aborted.promise]);
  } catch (error) {
    // Accepted weakness: within a handshake of TLS the platform closes only when the peer answers or the invocation ends, of
    // whose six connections it is one till then.
    socket.close().catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
  return byteSocket(socket);
};

function refuseUnknown(tls: TlsOptions | null): void {
  const given = UNKNOWN_OPTIONS.find((name) => tls?.[name] !== undefined);
  if (given === undefined) return;
  throw new TidegateError('invalid_config', `Cloudflare Workers cannot use tls.${given} on a connection of its own`, {
    field: `tls.${given}`,
    expected:
      'a certificate of a public authority for the name in the URL, and a broker that asks its clients for none',
  });
}

function byteSocket(socket: Socket): ByteSocket {
  const reader = socket.readable.getReader({ mode: 'byob' });
  const writer = socket.writable.getWriter();
  let buffer = new Uint8Array(READ_BYTES);
  let isOver = false;
  let isClosed = false;
  return {
    async read() {
      if (isOver) return null;
      const { done, value } = await reader.read(buffer);
      isOver = done || value === undefined;
      if (isOver || value === undefined) return null;
      // A copy of what came, so that a peer that sends byte by byte does not make us keep a whole buffer for each.
      buffer = new Uint8Array(value.buffer as ArrayBuffer);
      return value.slice();
    },
    write: (bytes) => writer.write(bytes),
    close() {
      if (isClosed) return;
      isClosed = true;
      socket.close().catch(() => {});
    },
  };
}
