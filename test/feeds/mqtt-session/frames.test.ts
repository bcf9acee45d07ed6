import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { createPacketReader, type Incoming } from '../../../src/feeds/mqtt-session/frames.ts';

function publication(payload: string, more: object = {}): Uint8Array {
  const packet = { cmd: 'publish', topic: 'a/b', qos: 1, dup: false, retain: false, messageId: 7, payload, ...more };
  return generate(packet as Packet, { protocolVersion: 5 });
}

function payloads(packets: readonly Incoming[]): string[] {
  return packets.map((packet) => (packet.cmd === 'publish' ? String(packet.payload) : packet.cmd));
}

describe('a packet reader', () => {
  test('reads packets however the bytes are cut', () => {
    const texts = ['one', '', 'x'.repeat(300), 'four'];
    const stream = Buffer.concat(texts.map((text) => publication(text)));
    for (const size of [1, 2, 3, 7, 100, stream.length]) {
      const reader = createPacketReader(5, 1_024);
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...payloads(reader.push(stream.subarray(at, at + size))));
      expect(found).toEqual(texts);
    }
  });

  test('skips what is too large as it comes in, in its place, and tells its topic and id', () => {
    const stream = Buffer.concat([publication('before'), publication('x'.repeat(5_000)), publication('after')]);
    for (const size of [1, 50, 4_000, stream.length]) {
      const reader = createPacketReader(5, 1_024);
      const found: Incoming[] = [];
      for (let at = 0; at < stream.length; at += size) found.push(...reader.push(stream.subarray(at, at + size)));
      expect(payloads(found)).toEqual(['before', 'oversized', 'after']);
      expect(found[1]).toMatchObject({ topic: 'a/b', qos: 1, messageId: 7, length: 5_011 });
    }
  });

  test('answers to pings that come at once are one, and cost no more memory', () => {
    const flood = Buffer.concat([Buffer.alloc(200_000, Buffer.of(0xd0, 0)), publication('behind')]);
    expect(payloads(createPacketReader(5, 1_024).push(flood))).toEqual(['pingresp', 'behind']);
  });

  test('a packet of exactly the limit is read', () => {
    const bytes = publication('x'.repeat(100));
    expect(payloads(createPacketReader(5, bytes.length).push(bytes))).toEqual(['x'.repeat(100)]);
    expect(payloads(createPacketReader(5, bytes.length - 1).push(bytes))).toEqual(['oversized']);
  });

  test.each([
    ['a reserved packet type', [0xf0, 0x00]],
    ['wrong flags', [0x43, 0x02, 0x00, 0x01]],
    ['a length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['QoS 3', [0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01]],
    ['a topic longer than the packet', [0x30, 0x03, 0x00, 0x50, 0x61]],
    ['properties longer than the packet', [0x30, 0x05, 0x00, 0x01, 0x61, 0x7f, 0x01]],
    ['HTTP', [...Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['an oversized packet that is no publication', [0x90, 0xff, 0xff, 0x03]],
    ['an oversized publication whose topic is longer than itself', [0x32, 0x80, 0x10, 0xff, 0xff]],
  ])('%s breaks the connection', (_, bytes) => {
    const reader = createPacketReader(5, 1_024);
    expect(() => reader.push(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: 'upstream' }));
  });
});
