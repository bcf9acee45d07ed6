/**
 * Turns the bytes from a broker into packets. It cuts the stream into packets itself and gives only whole ones to
 * mqtt-packet, so that memory holds no more than one packet's limit. A larger publication is skipped while it comes in,
 * and is reported with its topic. Any other packet that is too large, or malformed, breaks the connection.
 */
import { type Packet, parser } from 'mqtt-packet';
import { TidegateError } from '../../base/errors.ts';

/** A publication above the limit; its payload was not kept. */
export interface OversizedPublication {
  cmd: 'oversized';
  topic: string;
  qos: number;
  retain: boolean;
  /** The packet id; 0 at QoS 0, which has none. */
  messageId: number;
  /** Bytes of the whole packet. */
  length: number;
}

export type Incoming = Packet | OversizedPublication;

interface PacketReader {
  /**
   * Returns the packets that these bytes complete.
   * @throws TidegateError `upstream` for bytes that are not MQTT. The reader cannot be used after that.
   */
  push(chunk: Uint8Array): Incoming[];
}

const PUBLISH = 3;
const PUBREL = 6;
const PINGRESP = 13;

export function createPacketReader(protocolVersion: 4 | 5, maxPacketBytes: number): PacketReader {
  const decoder = parser({ protocolVersion });
  let packets: Incoming[] = [];
  let fault: Error | null = null;
  decoder.on('packet', (packet) => packets.push(packet));
  decoder.on('error', (error: Error) => (fault = error));

  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let wantedBytes = 2;
  let skipBytes = 0;

  function decode(frame: Uint8Array): void {
    try {
      decoder.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    } catch (error) {
      throw malformed(error);
    }
    if (fault) throw malformed(fault);
  }

  /** Decodes the whole packets. Returns the bytes that it used, and how many the next packet needs before the next scan. */
  function scan(bytes: Uint8Array): { used: number; wanted: number } {
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (frame === null) return { used: at, wanted: Math.max(2, bytes.length - at + 1) };
      const size = frame.headBytes + frame.bodyBytes;
      if (size <= maxPacketBytes) {
        if (at + size > bytes.length) return { used: at, wanted: size };
        // Several at once say no more than one. A broker that sends nothing else would take the process otherwise.
        if (frame.type === PINGRESP && frame.bodyBytes === 0 && packets.at(-1)?.cmd === 'pingresp') {
          at += size;
          continue;
        }
        decode(bytes.subarray(at, at + size));
        at += size;
        continue;
      }
      const head = oversizedHead(bytes, at, frame);
      if (typeof head === 'number') return { used: at, wanted: head };
      packets.push(head);
      const there = Math.min(size, bytes.length - at);
      skipBytes = size - there;
      at += there;
    }
  }

  return {
    push(chunk) {
      packets = [];
      const skipped = Math.min(skipBytes, chunk.length);
      skipBytes -= skipped;
      const rest = chunk.subarray(skipped);
      held.push(rest);
      heldBytes += rest.length;
      if (heldBytes < wantedBytes) return packets;
      const bytes = held.length === 1 ? rest : concat(held, heldBytes);
      const { used, wanted } = scan(bytes);
      held = used < bytes.length ? [bytes.subarray(used)] : [];
      heldBytes = bytes.length - used;
      wantedBytes = wanted;
      return packets;
    },
  };
}

interface Frame {
  type: number;
  flags: number;
  headBytes: number;
  bodyBytes: number;
}

/** The fixed header at `at`; null while some of it is still missing. */
function frameAt(bytes: Uint8Array, at: number): Frame | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const type = first >> 4;
  const flags = first & 0x0f;
  // This is checked before the body is there: a peer of another protocol may never send the length that its bytes imply.
  if (type !== PUBLISH && flags !== (type === PUBREL ? 2 : 0))
    throw malformed(`a packet of type ${type} and flags ${flags}`);
  let bodyBytes = 0;
  for (let index = 0; index < 4; index += 1) {
    const digit = bytes[at + 1 + index];
    if (digit === undefined) return null;
    bodyBytes += (digit & 0x7f) * 128 ** index;
    if (digit < 0x80) return { type, flags, headBytes: 2 + index, bodyBytes };
  }
  throw malformed('a packet length of more than four bytes');
}

/** Topic and id of a publication that is skipped, or the number of bytes that are needed to read them. */
function oversizedHead(bytes: Uint8Array, at: number, frame: Frame): OversizedPublication | number {
  const size = frame.headBytes + frame.bodyBytes;
  if (frame.type !== PUBLISH) throw malformed(`a packet of type ${frame.type} with ${size} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const topicAt = frame.headBytes + 2;
  if (view.byteLength < topicAt) return topicAt;
  const idAt = topicAt + view.getUint16(frame.headBytes);
  const qos = (frame.flags >> 1) & 3;
  const needed = idAt + (qos > 0 ? 2 : 0);
  if (needed > size || qos === 3) throw malformed('a publication whose header does not fit into it');
  if (view.byteLength < needed) return needed;
  return {
    cmd: 'oversized',
    topic: new TextDecoder().decode(bytes.subarray(at + topicAt, at + idAt)),
    qos,
    retain: (frame.flags & 1) === 1,
    messageId: qos > 0 ? view.getUint16(idAt) : 0,
    length: size,
  };
}

export function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function malformed(cause: unknown): TidegateError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new TidegateError('upstream', `the broker sent what is not MQTT: ${found}`, { cause });
}
