import type { IPublishPacket } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import type { MqttPayload } from '../../../src/feeds/mqtt-session/options.ts';
import { itemMaker, type Route, routesOf } from '../../../src/feeds/mqtt-session/item.ts';
import { messageMatcher, type MessageTest } from '../../../src/feeds/kit/message-test.ts';
import { subscriptionId } from '../../../src/feeds/mqtt-session/topic.ts';
import { target } from '../mqtt/bursts.ts';

const OPTIONS = { maxPacketBytes: 1_000, identified: true };

function route(stream: string, filter: string, more: Partial<Route> = {}): Route {
  return { stream, filter, keyLevel: null, payload: 'json', items: '', ignored: messageMatcher(undefined), ...more };
}

function publication(topic: string, payload: string | Uint8Array, properties?: object): IPublishPacket {
  const more = properties === undefined ? {} : { properties };
  return {
    cmd: 'publish',
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    dup: false,
    retain: false,
    length: 10,
    ...more,
  };
}

const read = (payload: MqttPayload, bytes: string | Uint8Array) =>
  itemMaker([route('s', '#', { payload })], OPTIONS)(publication('a', bytes))[0];

const keyed = (topic: string, keyLevel: number) =>
  itemMaker([route('s', '#', { keyLevel })], OPTIONS)(publication(topic, '1'))[0];

const ids = (...filters: string[]) => ({ subscriptionIdentifier: filters.map(subscriptionId) });

const dataOf = (payload: string, items: string | null) =>
  itemMaker([route('s', '#', { items })], OPTIONS)(publication('a', payload)).map(({ data }) => data);

function countOf(ignore: MessageTest, form: MqttPayload, payload: string | Uint8Array): number {
  const routes = [route('s', '#', { payload: form, ignored: messageMatcher(ignore) })];
  return itemMaker(routes, OPTIONS)(publication('a', payload)).length;
}

describe('payloads', () => {
  test.each([
    ['json', '{"v":[1]}', { v: [1] }],
    ['json', ' 21.5 ', 21.5],
    ['text', 'déjà', { value: 'déjà' }],
    ['text', '', { value: '' }],
    ['number', ' -2.5e3\n', { value: -2_500 }],
    ['number', '0', { value: 0 }],
    ['number', '1e5', { value: 100_000 }],
    ['number', '9007199254740993', { value: '9007199254740993' }],
    ['binary', Uint8Array.of(0xff, 0, 0x10), { value: '/wAQ' }],
    ['binary', '', { value: '' }],
  ] as const)('%s: %s', (form, payload, data) => {
    expect(read(form, payload)).toEqual({ stream: 's', bytes: 10, meta: { source: 'a' }, data });
  });

  test.each([
    ['json', '', 'removes a retained message'],
    ['json', '{"v":', 'JSON'],
    ['json', 'NaN', 'JSON'],
    ['number', '', 'removes a retained message'],
    ['number', ' ', 'number'],
    ['number', '0x10', 'number'],
    ['number', '1,5', 'number'],
    ['number', '1e400', 'number'],
    ['number', 'NaN', 'number'],
    ['number', '12 °C', 'number'],
    ['number', 'Infinity', 'number'],
  ] as const)('%s that is not: %j', (form, payload, reason) => {
    const item = read(form, payload);
    expect(item?.data).toBe(payload);
    expect(item?.invalid?.reason).toContain(reason);
    expect(item?.invalid?.expected).toEqual(expect.any(String));
  });

  test('bytes that are no UTF-8 are invalid in every form, and long ones are kept in part', () => {
    for (const form of ['json', 'text', 'number'] as const) {
      expect(read(form, Uint8Array.of(0xff, 0xfe))?.invalid?.reason).toContain('UTF-8');
    }
    expect(read('json', 'x'.repeat(9_000))?.data).toBe('x'.repeat(1_024));
  });
});

describe('lists', () => {
  test.each([
    ['each item of a list is an event', '[{"v":1},{"v":2}]', '', [{ v: 1 }, { v: 2 }]],
    ['a list within the payload', '{"data":{"rows":[1,2]}}', 'data.rows', [1, 2]],
    ['an object at the path is one item', '{"data":{"v":1}}', 'data', [{ v: 1 }]],
    ['an empty list is none', '[]', '', []],
    ['a list may be the data of one event', '[1,2]', null, [[1, 2]]],
  ] as const)('%s', (_what, payload, items, data) => {
    expect(dataOf(payload, items)).toEqual(data);
  });

  test('a payload that has nothing at the path is a dead letter that says what it has', () => {
    const [item] = itemMaker([route('s', '#', { items: 'rows' })], OPTIONS)(publication('a', '{"error":1}'));
    expect(item?.invalid).toMatchObject({ field: 'items', expected: expect.stringContaining('an object with error') });
  });

  test('the items of one message share its key, and count its bytes once', () => {
    const make = itemMaker([route('s', '#', { keyLevel: 0 })], OPTIONS);
    expect(make(publication('u1', '[1,2]'))).toMatchObject([
      { key: 'u1', data: 1, bytes: 10 },
      { key: 'u1', data: 2, bytes: 0 },
    ]);
  });
});

describe('payloads that are ignored', () => {
  const offline = ['unavailable', 'unknown', ''];

  test.each([
    ['json', 'unavailable'],
    ['json', '"unavailable"'],
    ['json', ''],
    ['number', 'unknown'],
    ['number', 'unavailable'],
    ['text', 'unknown'],
    ['binary', ''],
  ] as const)('%s: %j leaves nothing', (form, payload) => {
    expect(countOf(offline, form, payload)).toBe(0);
  });

  test.each([
    ['json', '{"state":"unavailable"}'],
    ['number', '21'],
    ['number', 'unavailable soon'],
    ['text', 'Unknown'],
    ['binary', Uint8Array.of(0xff)],
  ] as const)('%s: %j is kept', (form, payload) => {
    expect(countOf(offline, form, payload)).toBe(1);
  });

  test('fields and functions judge the decoded payload', () => {
    expect(countOf({ state: 'offline' }, 'json', '{"state":"offline"}')).toBe(0);
    expect(countOf(['', { value: -127 }], 'number', '-127')).toBe(0);
    expect(countOf((message) => (message as { v: number }).v > 1, 'json', '{"v":2}')).toBe(0);
  });
});

describe('keys', () => {
  test('a level of the topic is the key', () => {
    expect(keyed('plant/u1/t', 1)).toMatchObject({ key: 'u1', data: 1 });
  });

  test.each([
    ['a level that the topic has not', 'plant', 1],
    ['an empty level', 'plant//t', 1],
    ['a level above 256 bytes', `plant/${'ü'.repeat(129)}`, 1],
  ])('%s is invalid', (_, topic, level) => {
    const item = keyed(topic, level);
    expect(item?.invalid).toMatchObject({ field: 'key' });
    expect(item).not.toHaveProperty('key');
  });
});

describe('streams', () => {
  const routes = [route('wide', 'a/#'), route('narrow', 'a/b'), route('twin', 'a/b'), route('other', 'c')];
  const streams = (packet: IPublishPacket, identified = true) =>
    itemMaker(routes, { ...OPTIONS, identified })(packet).map(({ stream }) => stream);

  test('every route that matches gets the message; its bytes count once', () => {
    const items = itemMaker(routes, OPTIONS)(publication('a/b', '1'));
    expect(items.map(({ stream, bytes }) => [stream, bytes])).toEqual([
      ['wide', 10],
      ['narrow', 0],
      ['twin', 0],
    ]);
  });

  test('where a broker sends a copy for each subscription, each route takes one of them', () => {
    const copies = [publication('a/b', '1', ids('a/#')), publication('a/b', '1', ids('a/b'))];
    expect(copies.map((copy) => streams(copy))).toEqual([['wide'], ['narrow', 'twin']]);
  });

  test('where it sends one copy that names all subscriptions, they share it', () => {
    expect(streams(publication('a/b', '1', ids('a/#', 'a/b')))).toEqual(['wide', 'narrow', 'twin']);
    expect(streams(publication('a/b', '1', { subscriptionIdentifier: subscriptionId('a/#') }))).toEqual(['wide']);
  });

  test('what was queued for a filter that is no longer declared goes by its topic', () => {
    expect(streams(publication('a/b', '1', ids('a/+')))).toEqual(['wide', 'narrow', 'twin']);
    expect(streams(publication('a/b', '1', ids('a/+', 'a/#')))).toEqual(['wide']);
    expect(streams(publication('elsewhere', '1', ids('gone/#')))).toEqual([]);
  });

  test('identifiers are not looked at where we did not give any', () => {
    expect(streams(publication('a/b', '1', { subscriptionIdentifier: 5 }), false)).toEqual(['wide', 'narrow', 'twin']);
  });
});

test('meta is bounded and holds a traceparent only where it is one', () => {
  const make = itemMaker([route('s', '#')], OPTIONS);
  const long = 'x'.repeat(2_000);
  const [item] = make(publication(long, '1', { contentType: long, userProperties: { traceparent: 'no' } }));
  expect(JSON.stringify(item?.meta).length).toBeLessThan(2_048);
  expect(item?.meta).not.toHaveProperty('traceparent');
});

test("a route's own topic and payload come before the feed's", () => {
  const targets = [target('a', 'own', { payload: 'text', keyLevel: 0, items: '' }), { stream: 'b', route: null }];
  expect(routesOf(targets, { topic: 'shared', payload: 'number', items: 'rows' })).toMatchObject([
    { stream: 'a', filter: 'own', keyLevel: 0, payload: 'text', items: '' },
    { stream: 'b', filter: 'shared', keyLevel: null, payload: 'number', items: 'rows' },
  ]);
});

test('without a path a list is split, unless the stream takes lists', () => {
  const targets = [{ ...target('rows', 'a'), takesLists: true }, target('each', 'a')];
  const routes = routesOf(targets, { topic: null, payload: 'json', items: null });
  expect(routes.map(({ items }) => items)).toEqual([null, '']);
});
