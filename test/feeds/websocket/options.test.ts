import { describe, expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { webSocketSpec } from '../../../src/feeds/websocket/spec.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import type { AppOptions } from '../../../src/declare/app.ts';
import { from } from '../../../src/feeds/from.ts';
import { stream } from '../../../src/declare/stream.ts';
import { http } from '../../../src/feeds/http/feed.ts';
import { websocket, type WebSocketOptions } from '../../../src/feeds/websocket/feed.ts';
import { anonymous, identified, Reading } from '../run/stage.ts';

const URL_OF_SOURCE = 'wss://quotes.example/v1?apikey=hidden';
const paths = (options: object) =>
  websocket({ url: URL_OF_SOURCE, ...options })
    .problems([])
    .map(({ path }) => path);

test('a WebSocket feed has one specification, equal to the type that editors show', () => {
  expectTypeOf<z.input<typeof webSocketSpec>>().toEqualTypeOf<WebSocketOptions>();
});

describe('mistakes are found without connecting', () => {
  test('a sound declaration has none', () => {
    const all: Required<Omit<WebSocketOptions, 'sequence' | 'sample'>> = {
      url: 'ws://10.0.0.5:8080/feed',
      lateAfterMs: 600_000,
      headers: { Authorization: 'Bearer x' },
      protocols: ['a', 'b.v1'],
      allow: ['10.0.0.5:8080', 'localhost'],
      subscribe: [{ a: 1 }, 'text'],
      unsubscribe: 'bye',
      acknowledged: { 'a.b': 'ok' },
      refused: [{ a: false }, { b: null }],
      ignore: () => false,
      payload: 'json',
      items: 'data.rows',
      catchUp: { url: 'http://localhost/h?a={since}&b={until}', timeFormat: 's', items: 'values', initialMs: 0 },
      heartbeat: { everyMs: 1_000, message: 'ping', expectMs: 1_000 },
      idleMs: 1,
      reconnects: 0,
      answerMs: 1,
      pauseMs: 0,
      maxMessageBytes: 1,
      lingerMs: 0,
      freshMs: 1,
      gapAboveMs: 0,
      everyMs: 20_000,
      budget: {},
      overflow: 'drop-oldest',
    };
    expect(paths(all)).toEqual([]);
    expect(paths({})).toEqual([]);
    expect(paths({ sequence: 'seq', subscribe: () => ({}) })).toEqual([]);
    expect(paths({ url: () => URL_OF_SOURCE, headers: () => ({}), sequence: 'seq' })).toEqual([]);
    expect(paths({ catchUp: { url: () => ['https://a.example/'] } })).toEqual([]);
  });

  test.each<[object, ...string[]]>([
    [{ url: 'https://quotes.example' }, 'url'],
    [{ url: 'ws://quotes.example' }, 'url'],
    [{ url: 'wss://127.0.0.1' }, 'url'],
    [{ url: 'wss://localhost' }, 'url'],
    [{ url: 'wss://user:pass@quotes.example' }, 'url'],
    [{ url: 'wss://quotes.example/#part' }, 'url'],
    [{ url: 'quotes' }, 'url'],
    [{ allow: ['wss://a'] }, 'allow.0'],
    [{ headers: { 'a b': 'c' } }, 'headers.a b'],
    [{ headers: { a: 'b\nc' } }, 'headers.a'],
    [{ headers: { 'Sec-WebSocket-Key': 'x' } }, 'headers.Sec-WebSocket-Key'],
    [{ protocols: ['a', 'a'] }, 'protocols'],
    [{ protocols: ['a b'] }, 'protocols'],
    [{ subscribe: 1 }, 'subscribe'],
    [{ unsubscribe: ['a', 1] }, 'unsubscribe'],
    [{ acknowledged: {} }, 'acknowledged'],
    [{ refused: 5 }, 'refused'],
    [{ ignore: { a: {} } }, 'ignore'],
    [{ ignore: { 'a..b': 1 } }, 'ignore'],
    [{ payload: 'xml' }, 'payload'],
    [{ items: 'a..b' }, 'items'],
    [{ items: 'a', payload: 'text' }, 'items'],
    [{ sequence: 'seq' }, 'subscribe'],
    [{ sequence: '', subscribe: () => 'a' }, 'sequence'],
    [{ sequence: 'seq', subscribe: () => 'a', catchUp: { url: 'https://a.example/{since}' } }, 'catchUp'],
    [{ catchUp: {} }, 'catchUp.url'],
    [{ catchUp: { url: 'https://a.example/' } }, 'catchUp.url'],
    [{ catchUp: { url: 'http://a.example/{since}' } }, 'catchUp.url'],
    [
      { catchUp: { url: 'https://a.example/{since}', timeFormat: 'iso8601', sinse: 1 } },
      'catchUp.timeFormat',
      'catchUp.sinse',
    ],
    [
      { catchUp: { url: 'https://a.example/{since}', mostMs: 0, headers: { a: 'b\n' } } },
      'catchUp.headers.a',
      'catchUp.mostMs',
    ],
    [{ heartbeat: { message: 'ping' } }, 'heartbeat.everyMs'],
    [{ heartbeat: { everyMs: 1_000 } }, 'heartbeat.message'],
    [{ heartbeat: { everyMs: 1_000, message: 'p', expectMs: 2_000 } }, 'heartbeat.expectMs'],
    [{ idleMs: 0 }, 'idleMs'],
    [{ reconnects: -1 }, 'reconnects'],
    [{ reconnects: 1.5 }, 'reconnects'],
    [{ maxMessageBytes: 0 }, 'maxMessageBytes'],
    [{ lingerMs: Number.NaN }, 'lingerMs'],
    [{ subcribe: 'a' }, 'subcribe'],
  ])('%o', (options, ...expected) => {
    expect(paths(options)).toEqual(expected);
  });
});

test('what is read twice on purpose needs ids in every stream, and the stream without is named', () => {
  const catchUp = { url: 'https://a.example/{since}' };
  const targets = [
    { stream: 'quotes', route: null, identified: false },
    { stream: 'others', route: null, identified: true },
  ];
  const expected = expect.stringContaining('quotes') as string;
  expect(websocket({ url: URL_OF_SOURCE, catchUp }).problems(targets)).toEqual([{ path: 'catchUp', expected }]);
  expect(websocket({ url: URL_OF_SOURCE }).problems(targets)).toEqual([]);
  const again = http({ url: 'https://a.example/?from={since}', since: { overlapMs: 1 } });
  expect(again.problems(targets)).toEqual([{ path: 'since.overlapMs', expected }]);
  expect(http({ url: 'https://a.example/?from={since}', since: { overlapMs: 0 } }).problems(targets)).toEqual([]);
});

const app = (streams: AppOptions['streams'], feeds: AppOptions['feeds'] = {}) =>
  defineApp({ name: 'app', version: '1.0.0', description: 'an app', streams, feeds });

test('an app with such a stream does not start', () => {
  const feed = websocket({ url: URL_OF_SOURCE, catchUp: { url: 'https://a.example/{since}' } });
  expect(() => app({ quotes: identified(feed) })).not.toThrow();
  expect(() => app({ quotes: anonymous(feed) })).toThrow(/streams\.quotes\.feed\.catchUp/);
  const others = stream({ description: 'readings', schema: Reading, feed: from('ticker') });
  expect(() => app({ others }, { ticker: feed })).toThrow(/feeds\.ticker\.catchUp/);
});

test('a mistake in what is sent shows no secret', () => {
  const given = {
    subscribe: ['s3cret', 1],
    heartbeat: { everyMs: 1_000, message: ['s3cret'] },
    headers: { a: 's3cret\n' },
  };
  const problems = websocket({ url: 'https://a.example/s3cret', ...given } as unknown as WebSocketOptions).problems([]);
  expect(problems.map(({ path }) => path)).toEqual(['headers.a', 'subscribe', 'heartbeat.message', 'url']);
  const shown = problems.filter(({ path }) => path !== 'url');
  expect(JSON.stringify(shown)).not.toContain('s3cret');
});

test('its source shows no secret', () => {
  expect(websocket({ url: URL_OF_SOURCE }).source).toBe('wss://quotes.example');
  expect(websocket({ url: () => URL_OF_SOURCE }).source).toBe('websocket, at a URL that the app makes');
  expect(websocket({ url: 'key=hidden' }).source).not.toContain('hidden');
});
