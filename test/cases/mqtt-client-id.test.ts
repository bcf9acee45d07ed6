/** Two feeds with one clientId at one broker would take the session from each other; each would lose half. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, from, mqtt, type MqttOptions, stream } from '../../src/index.ts';

const Sample = z.object({ value: z.number() });
const samples = (feed: string) => stream({ description: 'x', schema: Sample, feed: from(feed, { topic: feed }) });

const feedOf = (more: Partial<MqttOptions>) => mqtt({ url: 'mqtt://broker.example', clientId: 'edge', ...more });

function appOf(first: Partial<MqttOptions>, second: Partial<MqttOptions>) {
  return defineApp({
    name: 'test',
    version: '1.0.0',
    description: 'two feeds of one broker',
    feeds: { north: feedOf(first), south: feedOf(second) },
    streams: { a: samples('north'), b: samples('south') },
  });
}

test('two feeds of one app with one clientId at one broker are refused at the start, both by name', () => {
  expect(() => appOf({}, {})).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'feeds.south.clientId' }) as Error,
  );
  expect(() => appOf({}, {})).toThrow(/feeds\.south\.clientId: expected one of its own, because feeds\.north holds/);
});

test.each([
  ['the case of the host', 'mqtt://BROKER.example'],
  ['the default port', 'mqtt://broker.example:1883'],
  ['TLS', 'mqtts://broker.example'],
  ['TLS with its default port', 'mqtts://broker.example:8883/'],
  ['a dot at the end of the name', 'mqtt://broker.example.'],
  ['credentials and a path', 'mqtt://user:password@broker.example/x?y'],
])('also where the URLs differ in %s alone', (_, url) => {
  expect(() => appOf({}, { url })).toThrow(/feeds\.north holds the session of clientId "edge" at broker\.example/);
});

test('also where one stands in its stream, and where one only publishes', () => {
  const alone = mqtt({ url: 'mqtt://127.0.0.1', clientId: 'edge', topic: 'a' });
  const outlet = mqtt({ url: 'mqtt://localhost:1883', clientId: 'edge', topics: { publish: ['b'] } });
  const define = () =>
    defineApp({
      name: 'test',
      version: '1.0.0',
      description: 'a feed and an outlet',
      feeds: { outlet },
      streams: { a: stream({ description: 'x', schema: Sample, feed: alone }) },
    });
  expect(define).toThrow(/streams\.a\.feed\.clientId: expected one of its own, because feeds\.outlet holds/);
});

test.each([
  ['clientId', { clientId: 'other' }],
  ['broker', { url: 'mqtt://other.example' }],
  ['port', { url: 'mqtt://broker.example:1884' }],
])('another %s is no mistake', (_, second) => {
  expect([...appOf({}, second).feeds.keys()]).toEqual(['north', 'south']);
});
