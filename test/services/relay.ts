/** A TCP relay before a server, which can be cut as a network is: open connections break, and new ones are refused. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Relay {
  /** On 127.0.0.1; the same after `mend`. */
  port: number;
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let server: Server | null = null;

  function keep(socket: Socket): void {
    sockets.add(socket.setNoDelay(true));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }

  async function listen(port: number): Promise<number> {
    server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const socket of [near, far]) keep(socket);
      near.pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function cut(): Promise<void> {
    if (server === null) return;
    const closed = once(server.close(), 'close');
    server = null;
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  const port = await listen(0);
  return {
    port,
    cut,
    mend: async () => void (server ?? (await listen(port))),
    stop: cut,
  };
}
