/**
 * TCP and TLS byte streams on Node: the `connect` of its runtime. It reads only when asked to, so that what a peer sends
 * faster than it is worked off waits in the kernel's buffer and slows the peer down.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ByteSocket, Connect } from '../../base/runtime.ts';

/** Rejects with the platform's own error when the connection cannot be made, or with the signal's reason. */
export const connectFromNode: Connect = ({ host, port, tls }, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const { servername = isIP(host) === 0 ? host : undefined, ...pem } = tls ?? {};
    const socket: Socket = tls
      ? connectTls({ host, port, ...pem, ...(servername === undefined ? {} : { servername }) })
      : connectTcp({ host, port });
    const abandon = () => settle(() => reject(signal.reason as Error));
    const fail = (error: Error) => settle(() => reject(error));
    function settle(outcome: () => void) {
      signal.removeEventListener('abort', abandon);
      socket.off('error', fail);
      // From here on read and write report a break. Without a listener the error would end the process.
      socket.on('error', () => {});
      outcome();
      if (!connected) socket.destroy();
    }
    let connected = false;
    signal.addEventListener('abort', abandon, { once: true });
    socket.once('error', fail);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      connected = true;
      socket.setNoDelay(true);
      settle(() => resolve(byteSocket(socket)));
    });
  });

function byteSocket(socket: Socket): ByteSocket {
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, undefined>;
  return {
    async read() {
      const next = await chunks.next();
      return next.done ? null : next.value;
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => socket.destroySoon(),
  };
}
