import { describe, expect, it } from 'vitest';
import { createNdjsonParser, type NdjsonItem } from '../../../src/feeds/kit/ndjson.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function parse(chunks: readonly Uint8Array[], maxLineBytes?: number): NdjsonItem[] {
  const parser = createNdjsonParser(maxLineBytes);
  const items: NdjsonItem[] = [];
  for (const chunk of chunks) parser.push(chunk, items);
  parser.end(items);
  return items;
}

const values = (items: readonly NdjsonItem[]) => items.map(({ data }) => data);

describe('NDJSON', () => {
  it('gives the same items wherever the chunks are cut', () => {
    const bytes = encode('{"a":1}\n\r\n{"b":"ü€😀"}\r\n  \n[3]\n"last"');
    const whole = values(parse([bytes]));
    expect(whole).toEqual([{ a: 1 }, { b: 'ü€😀' }, [3], 'last']);
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const cut = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect(values(parse(cut))).toEqual(whole);
      }
    }
    expect(values(parse(Array.from(bytes, (byte) => Uint8Array.of(byte))))).toEqual(whole);
  });

  it('takes a byte order mark, an empty body and a last line with or without an end', () => {
    expect(values(parse([encode('\uFEFF{"a":1}\n')]))).toEqual([{ a: 1 }]);
    expect(parse([])).toEqual([]);
    expect(parse([encode('\n\n')])).toEqual([]);
    expect(values(parse([encode('1\n2')]))).toEqual([1, 2]);
    expect(values(parse([encode('1\n2\n')]))).toEqual([1, 2]);
  });

  it('counts a line’s bytes with its end', () => {
    const lines = ['{"a":1}', '{"much":"longer"}'];
    expect(parse([encode(`${lines.join('\n')}\n`)]).map(({ bytes }) => bytes)).toEqual([8, 18]);
  });

  it('hands a bad line over with its number and text, and goes on', () => {
    const items = parse([encode('{"a":1}\n{"b":\n<p>\n{"c":3}\n')]);
    expect(values(items)).toEqual([{ a: 1 }, '{"b":', '<p>', { c: 3 }]);
    expect(items.map(({ invalid }) => invalid?.reason.split(':')[0])).toEqual([
      undefined,
      'line 2 is not JSON',
      'line 3 is not JSON',
      undefined,
    ]);
  });

  it('takes no other encoding for UTF-8, and only the lines that are in it', () => {
    const items = parse([encode('{"a":"é"}\n'), Uint8Array.of(0x22, 0xe9, 0x22, 0x0a), encode('{"b":2}\n')]);
    expect(items.map(({ invalid }) => invalid?.reason)).toEqual([undefined, 'line 2 is not UTF-8', undefined]);
    const mixed = parse([Uint8Array.of(0x31, 0x0a, 0x22, 0xe9, 0x22, 0x0a, 0x32, 0x0a)]);
    expect(mixed.map(({ invalid }) => invalid?.reason)).toEqual([undefined, 'line 2 is not UTF-8', undefined]);
  });

  it.each([1, 7, 64, 4096])('skips a line above the limit without holding it, in chunks of %i', (size) => {
    const bytes = encode(`{"a":1}\n"${'x'.repeat(1000)}"\n{"b":2}\n`);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const items = parse(chunks, 100);
    expect(items.map(({ invalid }) => invalid?.reason)).toEqual([
      undefined,
      'line 2 is longer than 100 bytes',
      undefined,
    ]);
    expect(String(items[1]?.data)).toMatch(/^"x{50,499}/);
    expect(items[2]?.data).toEqual({ b: 2 });
  });
});
