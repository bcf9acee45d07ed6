/**
 * WebSockets on platforms that upgrade a fetch (Cloudflare Workers). Accepted weaknesses: the peer cannot be slowed down, and
 * the platform decides how long a message may be. Whoever listens bounds the messages that wait.
 */
import type { Fetch, OpenWebSocket } from '../base/runtime.ts';

/** The socket that the response to an upgrade carries there. */
interface UpgradedSocket {
  binaryType?: string;
  accept(): void;
  send(text: string): void;
  close(code?: number): void;
  addEventListener(
    type: 'message' | 'close' | 'error',
    listener: (event: { data?: unknown; code?: number; reason?: string }) => void,
  ): void;
}

const ABNORMAL = 1006;

export function upgradeThrough(fetch: Fetch): OpenWebSocket {
  return async ({ url, protocols, headers, addresses }, listener, signal) => {
    const response = await fetch(url.replace(/^ws/, 'http'), {
      headers: {
        ...headers,
        Upgrade: 'websocket',
        ...(protocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
      },
      redirect: 'manual',
      signal,
      ...(addresses === null ? {} : { addresses }),
    });
    const socket = (response as { webSocket?: UpgradedSocket | null }).webSocket ?? null;
    if (socket === null) {
      response.body?.cancel().catch(() => {});
      return { kind: 'refused', status: response.status, retryAfter: response.headers.get('retry-after') };
    }
    let isOver = false;
    const over = (code: number, reason = '') => {
      if (isOver) return;
      isOver = true;
      listener.closed(code, reason);
    };
    const close = (code?: number) => {
      try {
        socket.close(code);
      } catch {
        // It is closed already.
      }
    };
    // Newer platforms would otherwise give binary messages as blobs.
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      if (isOver) return;
      if (typeof data === 'string') listener.message(data);
      else if (data instanceof ArrayBuffer) listener.message(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code = ABNORMAL, reason }) => {
      // On older platforms we have to answer the peer's close ourselves.
      close();
      over(code, reason);
    });
    socket.addEventListener('error', () => over(ABNORMAL));
    socket.accept();
    return {
      kind: 'open',
      socket: {
        send: (text) => socket.send(text),
        close,
        destroy() {
          close();
          over(ABNORMAL);
        },
        hold: null,
      },
    };
  };
}
