/**
 * MQTT packets over a byte stream: written, read for a bounded time, and pings while nothing else is sent. It does not know what
 * packets ask or answer, and reads only while its caller waits.
 */
import { generate, type Packet } from 'mqtt-packet';
import { TidegateError } from '../../base/errors.ts';
import type { ByteSocket } from '../../base/runtime.ts';
import { createPacketReader, type Incoming } from './frames.ts';
import { broken, closedWithoutReason, type SessionOptions, upstream } from './packets.ts';
import type { SessionClock } from './session-types.ts';

interface PacketConnection {
  write(bytes: Uint8Array): Promise<void>;
  /** All of them in one write. */
  send(...packets: readonly Packet[]): Promise<void>;
  /** The packets that come within `waitMs`; null if no bytes came. The next call continues a read that is under way. */
  read(waitMs: number, wake?: AbortSignal): Promise<Incoming[] | null>;
  /**
   * Sends a ping where one is due, and answers when to call it again, epoch ms. Throws `upstream` where the last one had no
   * answer in time.
   */
  keepAlive(): Promise<number>;
  /** Has to be called when the broker has accepted the client. @param keepAliveSeconds the broker's own; undefined: it named none */
  accepted(keepAliveSeconds: number | undefined): void;
}

export function createPacketConnection(
  socket: ByteSocket,
  options: SessionOptions,
  clock: SessionClock,
): PacketConnection {
  const { protocolVersion, answerMs } = options;
  const reader = createPacketReader(protocolVersion, options.maxPacketBytes);
  let keepAliveMs = options.keepAliveSeconds * 1_000;
  let reading: Promise<Uint8Array | null> | null = null;
  let wroteAt = clock.now();
  let pingedAt: number | null = null;
  let acceptedAt: number | null = null;

  async function write(bytes: Uint8Array): Promise<void> {
    wroteAt = clock.now();
    try {
      await socket.write(bytes);
    } catch (error) {
      throw broken(error);
    }
  }

  async function send(...packets: readonly Packet[]): Promise<void> {
    const encoded = packets.map((packet) => generate(packet, { protocolVersion }));
    const [first] = encoded;
    if (first !== undefined) await write(encoded.length === 1 ? first : Buffer.concat(encoded));
  }

  function closeHint(): string {
    if (acceptedAt === null) return '';
    return closedWithoutReason(options.clientId, clock.now() - acceptedAt);
  }

  async function read(waitMs: number, wake?: AbortSignal): Promise<Incoming[] | null> {
    reading ??= socket.read();
    const woken = new AbortController();
    const rouse = () => woken.abort();
    wake?.addEventListener('abort', rouse, { once: true });
    if (wake?.aborted) rouse();
    const timeout = clock.sleep(waitMs, woken.signal).then(() => 'timeout' as const);
    try {
      const bytes = await Promise.race([reading, timeout]);
      if (bytes === 'timeout') return null;
      reading = null;
      if (bytes === null) throw broken('the broker closed it', closeHint());
      pingedAt = null;
      return reader.push(bytes);
    } catch (error) {
      throw error instanceof TidegateError ? error : broken(error, closeHint());
    } finally {
      woken.abort();
      wake?.removeEventListener('abort', rouse);
      reading?.catch(() => {});
    }
  }

  async function keepAlive(): Promise<number> {
    if (keepAliveMs === 0) return Infinity;
    const now = clock.now();
    if (pingedAt !== null && now - pingedAt >= answerMs) throw upstream(`the broker did not answer for ${answerMs} ms`);
    if (pingedAt === null && now - wroteAt >= keepAliveMs / 2) {
      await send({ cmd: 'pingreq' });
      pingedAt = now;
    }
    return pingedAt === null ? wroteAt + keepAliveMs / 2 : pingedAt + answerMs;
  }

  return {
    write,
    send,
    read,
    keepAlive,
    accepted(keepAliveSeconds) {
      acceptedAt = clock.now();
      if (keepAliveSeconds !== undefined) keepAliveMs = keepAliveSeconds * 1_000;
    },
  };
}
