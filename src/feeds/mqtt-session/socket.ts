/**
 * Opens a byte stream to the broker that an MQTT URL names. TCP and TLS go through the `connect` that the platform lends;
 * a WebSocket is the platform's own. The operator names the address in the app, so a broker on a private network is
 * allowed like any other.
 */
import { TidegateError } from '../../base/errors.ts';
import type { ByteSocket, Connect, TlsOptions } from '../../base/runtime.ts';
import { publicForm } from '../../net/fetch-target.ts';
import { concat } from './frames.ts';

const DEFAULT_PORTS: Record<string, number> = { 'mqtt:': 1883, 'mqtts:': 8883 };
/** Most bytes that may wait unread on a WebSocket, which cannot slow its peer down. */
const WAITING_BYTES = 32 * 1024 * 1024;

/**
 * @param url `mqtt:`, `mqtts:`, `ws:` or `wss:`; its user and password are not used here.
 * @throws TidegateError `invalid_config` if the platform opens no TCP connections, `upstream` if the connection fails.
 */
export async function openSocket(
  url: string,
  tls: TlsOptions,
  connect: Connect | null,
  signal: AbortSignal,
): Promise<ByteSocket> {
  const { protocol, hostname, port } = new URL(url);
  try {
    if (protocol === 'ws:' || protocol === 'wss:') return await webSocket(withoutCredentials(url), signal);
    if (connect === null) {
      throw new TidegateError('invalid_config', 'this platform opens no TCP connections', {
        field: 'url',
        expected: 'a URL that begins with ws:// or wss://',
      });
    }
    const host = hostname.replace(/^\[|\]$/g, '');
    const secure = protocol === 'mqtts:';
    return await connect({ host, port: Number(port || DEFAULT_PORTS[protocol]), tls: secure ? tls : null }, signal);
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    throw new TidegateError('upstream', `cannot connect to ${publicForm(new URL(url))}: ${describe(error)}`, {
      cause: error,
    });
  }
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

/** An error's message, or its code if the message is empty (as when several addresses of one name refuse). */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.message || code || error.name;
}

/** Reads and writes binary messages of the subprotocol `mqtt` as one stream of bytes (MQTT 5.0, section 6). */
function webSocket(url: string, signal: AbortSignal): Promise<ByteSocket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = new WebSocket(url, ['mqtt']);
    socket.binaryType = 'arraybuffer';
    const inbox = createInbox();
    const end = (error: Error | null) => {
      signal.removeEventListener('abort', abandon);
      inbox.end(error);
      reject(error ?? new Error('the connection was closed at once'));
    };
    const abandon = () => {
      // The reason is set before the close, because some platforms report a closed handshake as an error of their own.
      end(signal.reason as Error);
      socket.close();
    };
    signal.addEventListener('abort', abandon, { once: true });
    socket.addEventListener('error', (event) => {
      const { message } = event as { message?: string };
      end(new Error(message || 'the WebSocket failed'));
    });
    socket.addEventListener('close', () => end(null));
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer && inbox.put(new Uint8Array(data))) return;
      socket.close();
      end(new Error('the broker sent text, or more than may wait unread'));
    });
    socket.addEventListener('open', () => {
      signal.removeEventListener('abort', abandon);
      resolve({
        read: () => inbox.take(),
        async write(bytes) {
          if (socket.readyState !== WebSocket.OPEN) throw new Error('the connection is closed');
          socket.send(new Uint8Array(bytes));
        },
        close: () => socket.close(),
      });
    });
  });
}

/** A bounded queue of the bytes that came and are not read yet. It has one reader. */
function createInbox(): {
  /** Returns false when more bytes wait than may. */
  put(bytes: Uint8Array): boolean;
  take(): Promise<Uint8Array | null>;
  end(reason: Error | null): void;
} {
  const waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let over: { reason: Error | null } | null = null;
  let reader: PromiseWithResolvers<Uint8Array | null> | null = null;
  return {
    put(bytes) {
      if (reader) {
        reader.resolve(bytes);
        reader = null;
        return true;
      }
      waiting.push(bytes);
      waitingBytes += bytes.length;
      return waitingBytes <= WAITING_BYTES;
    },
    async take() {
      if (waiting.length > 0) {
        // All bytes are returned at once, because a broker may send a WebSocket message for each packet.
        const bytes = waiting.length === 1 ? waiting[0] : concat(waiting, waitingBytes);
        waiting.length = 0;
        waitingBytes = 0;
        return bytes ?? null;
      }
      if (over?.reason) throw over.reason;
      if (over) return null;
      reader = Promise.withResolvers();
      return reader.promise;
    },
    end(reason) {
      if (over) return;
      over = { reason };
      if (reason) reader?.reject(reason);
      else reader?.resolve(null);
      reader = null;
    },
  };
}
