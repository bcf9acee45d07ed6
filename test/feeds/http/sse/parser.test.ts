import { describe, expect, it, test } from 'vitest';
import { fc } from '../../../properties.ts';
import { sse } from '../../../../src/feeds/http/sse/format.ts';
import type { SseOptions } from '../../../../src/feeds/http/sse/options.ts';
import { readSourceJson } from '../../../../src/base/source-json.ts';
import { createEventParser, MAX_EVENT_LENGTH, type SourceEvent } from '../../../../src/feeds/http/sse/parser.ts';

function read(text: string, options: SseOptions = {}, cuts: readonly number[] = []): SourceEvent[] {
  const bytes = new TextEncoder().encode(text);
  const parser = createEventParser(options);
  const events: SourceEvent[] = [];
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, from] of places.slice(0, -1).entries()) parser.push(bytes.slice(from, places[index + 1]), events);
  return events;
}

const told = (events: readonly SourceEvent[]) => events.map(({ item, id }) => [item?.data, id]);

describe('server-sent events', () => {
  const text =
    ': hello\nretry: 50\n\nid: 1\ndata: {"a":1}\n\nevent: b\ndata: {"a":\ndata: 2}\n\nid: 3\n\nid\ndata: 4\n\ndata: unfinished';

  it('are JSON, each with the id behind it', () => {
    expect(told(read(text))).toEqual([
      [{ a: 1 }, '1'],
      [{ a: 2 }, null],
      [undefined, '3'],
      [4, ''],
    ]);
  });

  it('are text, or come with what is around them', () => {
    expect(told(read('data: a\ndata: b\n\n', { data: 'text' }))).toEqual([[{ value: 'a\nb' }, null]]);
    expect(told(read('id: 7\nevent: up\ndata: 1\n\n', { envelope: true }))).toEqual([
      [{ id: '7', event: 'up', data: 1 }, '7'],
    ]);
  });

  it('that hold nothing keep a connection alive: their ids count, and as text they are told', () => {
    const alive = 'data:\n\ndata\n\nid: 4\ndata:  \n\nevent: heartbeat\ndata:\n\ndata: 1\n\n';
    expect(told(read(alive)).filter(([, id]) => id !== null)).toEqual([[undefined, '4']]);
    expect(told(read(alive)).flatMap(([value]) => value ?? [])).toEqual([1]);
    expect(told(read('data:\n\n', { data: 'text' }))).toEqual([[{ value: '' }, null]]);
  });

  it('of other types are passed over, and their ids are not', () => {
    const events = read('id: 1\nevent: up\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\nevent: down\ndata: 3\n\n', {
      events: ['up', 'message'],
    });
    expect(told(events)).toEqual([
      [1, '1'],
      [2, '2'],
      [undefined, '3'],
    ]);
  });

  it('begin behind one byte order mark, and a second one spoils the first line', () => {
    for (const cuts of [[], [1], [2], [1, 2, 3, 4]]) {
      expect(told(read('\uFEFFdata: 1\n\ndata: 2\n\n', {}, cuts)).map(([data]) => data)).toEqual([1, 2]);
      expect(told(read('\uFEFF\uFEFFdata: 1\n\ndata: 2\n\n', {}, cuts)).map(([data]) => data)).toEqual([2]);
    }
  });

  it('that are no JSON are invalid, and the others go on', () => {
    const [bad, good] = read('data: hello\n\ndata: 1\n\n');
    expect(bad?.item).toMatchObject({
      data: 'hello',
      invalid: { reason: expect.stringContaining('message') as string },
    });
    expect(good?.item).toEqual({ data: 1, bytes: 2 });
  });

  it.each([
    ['an event', `data: ${'x'.repeat(MAX_EVENT_LENGTH + 1)}`],
    ['an event of many lines', 'data: xxxxxxxxxxxxxxx\n'.repeat(MAX_EVENT_LENGTH / 10)],
    ['an id', `id: ${'x'.repeat(5_000)}\ndata: 1\n\n`],
  ])('without an end break the connection: %s', (_what, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'too_large', field: 'format' }) as Error);
  });

  it('have no id where no header could carry it back, and keep the one before', () => {
    expect(told(read('id: 1\ndata: 1\n\nid: a\u0007b\ndata: 2\n\ndata: 3\n\n'))).toEqual([
      [1, '1'],
      [2, null],
      [3, null],
    ]);
  });

  it('say when to come again', () => {
    const parser = createEventParser({});
    expect(parser.retryMs()).toBeNull();
    parser.push(new TextEncoder().encode('retry: 1500\nretry: soon\n\n'), []);
    expect(parser.retryMs()).toBe(1_500);
  });
});

test('events are the same wherever the stream is cut', () => {
  const Ending = fc.constantFrom('\n', '\r\n', '\r');
  const Block = fc.record({
    id: fc.option(fc.constantFrom('1', 'ü😀', '')),
    event: fc.option(fc.constantFrom('up', 'down')),
    data: fc.array(fc.json({ maxDepth: 1 }), { maxLength: 1 }),
    comment: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(Block, { maxLength: 12 }),
      Ending,
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      (blocks, end, cuts, marked) => {
        const lines = blocks.flatMap(({ id, event, data, comment }) => [
          ...(comment ? [': ping'] : []),
          ...(id === null ? [] : [`id: ${id}`]),
          ...(event === null ? [] : [`event: ${event}`]),
          ...data.map((one) => `data: ${one}`),
          '',
        ]);
        const text = (marked ? '\uFEFF' : '') + lines.map((line) => line + end).join('');
        const expected = blocks.flatMap(({ id, data: [data] }) =>
          data === undefined && id === null ? [] : [[data === undefined ? undefined : readSourceJson(data), id]],
        );
        // A lone CR at the end may still become a CRLF, so the last block waits for more.
        expect(told(read(`${text}: end`, {}, cuts))).toEqual(expected);
      },
    ),
  );
});

test.each<[SseOptions, string[]]>([
  [{}, []],
  [{ events: ['a'], data: 'text', envelope: true }, []],
  [{ events: [] }, ['events']],
  [{ events: 'a' as unknown as string[] }, ['events']],
  [{ data: 'xml' as 'text' }, ['data']],
  [{ envelope: 1 as unknown as boolean }, ['envelope']],
  [{ event: 'a' } as SseOptions, ['event']],
])('a declaration %j has the problems %j', (options, paths) => {
  expect(
    sse(options)
      .problems()
      .map(({ path }) => path),
  ).toEqual(paths);
});
