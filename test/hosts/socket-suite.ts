/** What every platform's `connect` owes, against peers that behave in one way each. */
import { describe, expect, test } from 'vitest';
import type { ByteSocket, Connect, TlsOptions } from '../../src/base/runtime.ts';
import { countOf, FLOOD_BYTES, type PeerName, type PeerPlaces } from '../services/peers.ts';

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
const WITHIN = { timeout: 10_000, interval: 20 };

async function toItsEnd(socket: ByteSocket): Promise<string> {
  let text = '';
  for (let chunk = await socket.read(); chunk !== null; chunk = await socket.read())
    text += new TextDecoder().decode(chunk);
  return text;
}

export function socketSuite(name: string, connect: Connect, peers: () => PeerPlaces): void {
  const address = (peer: PeerName, tls: TlsOptions | null = null) => ({
    host: '127.0.0.1',
    port: peers().ports[peer],
    tls,
  });
  const count = (peer: PeerName) => countOf(peers(), peer);

  describe(name, () => {
    test('bytes go both ways, and the end is null, for ever', async () => {
      const socket = await connect(address('answers'), never);
      await socket.write(bytes('hello'));
      expect(await toItsEnd(socket)).toBe('got hellobye');
      expect(await socket.read()).toBeNull();
      expect(await socket.read()).toBeNull();
      socket.close();
      socket.close();
    });

    test('what was read before stays as it was', async () => {
      const socket = await connect(address('answers'), never);
      await socket.write(bytes('x'.repeat(2_000)));
      const chunks: Uint8Array[] = [];
      for (let chunk = await socket.read(); chunk !== null; chunk = await socket.read()) chunks.push(chunk);
      const text = chunks.map((chunk) => new TextDecoder().decode(chunk)).join('');
      expect(text).toBe(`got ${'x'.repeat(2_000)}bye`);
      socket.close();
    });

    test('a peer that ended its half is read to the end; what is written to it then hangs nobody up', async () => {
      const { closed } = await count('endsAtOnce');
      const socket = await connect(address('endsAtOnce'), never);
      expect(await toItsEnd(socket)).toBe('only this');
      await socket.write(bytes('late')).catch(() => {});
      socket.close();
      await expect.poll(async () => (await count('endsAtOnce')).closed, WITHIN).toBeGreaterThan(closed);
      expect(await socket.read()).toBeNull();
    });

    test('what is written before close still arrives', async () => {
      const before = (await count('takes')).received;
      const socket = await connect(address('takes'), never);
      const written = socket.write(new Uint8Array(1_000_000));
      socket.close();
      await written;
      await expect.poll(async () => (await count('takes')).received - before, WITHIN).toBe(1_000_000);
    });

    test('a reader is woken by close, and the peer sees it', async () => {
      const { closed } = await count('takes');
      const socket = await connect(address('takes'), never);
      const reading = socket.read().catch(() => 'broken');
      socket.close();
      expect([null, 'broken']).toContain(await reading);
      await expect(socket.write(bytes('x'))).rejects.toThrow();
      await expect.poll(async () => (await count('takes')).closed, WITHIN).toBeGreaterThan(closed);
    });

    test('a peer that resets the connection breaks the next read, also when nobody was reading', async () => {
      const socket = await connect(address('resets'), never);
      await socket.write(bytes('x'));
      await expect.poll(async () => (await count('resets')).closed, WITHIN).toBeGreaterThan(0);
      await expect(socket.read()).rejects.toThrow();
      await expect(socket.write(bytes('y'))).rejects.toThrow();
      socket.close();
    });

    test('a peer that is not read from is slowed down', async () => {
      const socket = await connect(address('floods'), never);
      await socket.read();
      // Nothing more is read; the peer stands still when the buffers are full.
      let total = -1;
      const standsStill = async () => {
        const { sent } = await count('floods');
        const still = sent === total;
        total = sent;
        return still;
      };
      await expect.poll(standsStill, { timeout: 10_000, interval: 200 }).toBe(true);
      expect(total).toBeLessThan(FLOOD_BYTES);
      socket.close();
    });

    test('a writer waits for a peer that takes nothing', async () => {
      const socket = await connect(address('stalls'), never);
      let waits = true;
      const written = socket.write(new Uint8Array(FLOOD_BYTES)).then(
        () => (waits = false),
        () => (waits = false),
      );
      for (let look = 0; look < 10; look += 1) await count('stalls');
      expect(waits).toBe(true);
      socket.close();
      void written;
    });

    test('a port where nobody listens refuses', async () => {
      await expect(connect({ host: '127.0.0.1', port: 1, tls: null }, never)).rejects.toThrow();
    });

    test('where TLS is expected, another protocol is refused', async () => {
      await expect(connect(address('endsAtOnce', {}), never)).rejects.toThrow();
    });

    test('a signal that aborts before the connection, or within a handshake that is never answered, refuses it', async () => {
      await expect(connect(address('takes'), AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
      const aborting = new AbortController();
      const { received } = await count('takes');
      const connecting = connect(address('takes', {}), aborting.signal);
      const refused = expect(connecting).rejects.toThrow('late');
      await expect.poll(async () => (await count('takes')).received, WITHIN).toBeGreaterThan(received);
      aborting.abort(new Error('late'));
      await refused;
    });
  });
}
