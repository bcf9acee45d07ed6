/** Rights of reading and publishing: mistakes in them end the start, each by its path. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, from, mqtt, type MqttTopics, publishAudit, stream } from '../../../src/index.ts';

const schema = z.object({ v: z.number() });
const plain = stream({ description: 'x', schema });
const fed = (topic: string) => stream({ description: 'x', schema, feed: from('b', { topic }) });

function mistakes(topics: unknown, more: object = {}, streams = {}): string[] {
  const feed = mqtt({ url: 'mqtt://127.0.0.1', clientId: 'c', topics: topics as MqttTopics, ...more });
  try {
    defineApp({ name: 't', version: '1', description: 'x', feeds: { b: feed }, streams });
    return [];
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}
const ofRule = (rule: object, more: object = {}) => mistakes({ publish: [{ topic: 'a/+', ...rule }] }, more);

describe('mistakes', () => {
  test.each<[string, string[], RegExp]>([
    ['no object', mistakes(5), /^feeds\.b\.topics: expected \{ read, publish, audit \}/],
    ['a near name', mistakes({ reed: [] }), /^feeds\.b\.topics\.reed: .*did you mean read/],
    ['a text for a list', mistakes({ read: 'a' }), /^feeds\.b\.topics\.read: expected a list/],
    ['a wrong filter', mistakes({ read: ['a', 'a#'] }), /^feeds\.b\.topics\.read\.1: expected # alone/],
    ['no rules', mistakes({ publish: {} }), /^feeds\.b\.topics\.publish: expected a list/],
    ['no rule', mistakes({ publish: [null] }), /^feeds\.b\.topics\.publish\.0: expected a topic filter, or/],
    ['a wrong pattern', mistakes({ publish: ['a/b+'] }), /^feeds\.b\.topics\.publish\.0\.topic: expected \+ alone/],
    ['the broker itself', mistakes({ publish: ['$SYS/#'] }), /publish\.0\.topic: expected topics that are not of/],
    ['a shared one', mistakes({ publish: ['$share/g/a'] }), /publish\.0\.topic: expected a filter of its own/],
    ['an unknown option', ofRule({ retian: true }), /publish\.0\.retian: .*did you mean retain/],
    ['no schema', ofRule({ schema: { type: 'object' } }), /publish\.0\.schema: expected a zod schema/],
    ['no JSON', ofRule({ schema: z.date() }), /publish\.0\.schema: expected z\.iso\.datetime\(\).*found z\.date\(\)/],
    ['an unknown form', ofRule({ payload: 'xml' }), /publish\.0\.payload: expected json, text or number/],
    ['QoS 2', ofRule({ qos: 2 }), /publish\.0\.qos: expected 0 or 1/],
    ['retain in words', ofRule({ retain: 'yes' }), /publish\.0\.retain: expected true or false/],
    ['too much', ofRule({ maxBytes: 2 ** 21 }), /publish\.0\.maxBytes: expected a whole number from 1 to 1048576/],
    ['an empty question', ofRule({ confirm: '' }), /publish\.0\.confirm: expected true, a text/],
    ['an unknown way', ofRule({ confirm: { otherwise: 'ask' } }), /publish\.0\.confirm\.otherwise: expected missing-/],
    ['no expiry', ofRule({ expirySeconds: 0 }), /publish\.0\.expirySeconds: expected a whole number from 1/],
    ['no response', ofRule({ response: 'b' }), /publish\.0\.response: expected \{ topic, correlation \}/],
    ['no response topic', ofRule({ response: {} }), /publish\.0\.response\.topic: .*or topics\.read/],
    ['a wrong one', ofRule({ response: { topic: 'a/{id}x' } }), /publish\.0\.response\.topic: .*\{id\} alone/],
    [
      'a correlation without fields',
      ofRule({ payload: 'text', response: { topic: 'b', correlation: 'id' } }),
      /publish\.0\.response\.correlation: expected JSON payloads/,
    ],
    [
      'a field that is taken',
      ofRule({ schema: z.object({ id: z.string() }), response: { topic: 'b', correlation: 'id' } }),
      /publish\.0\.schema: expected a schema without id/,
    ],
    [
      'no correlation at all',
      ofRule({ response: { topic: 'b' } }, { protocolVersion: 4 }),
      /publish\.0\.response\.correlation: .*MQTT 3\.1\.1 has no correlation data/,
    ],
    [
      'answers that may not be read',
      mistakes({ read: ['b/+'], publish: [{ topic: 'a', response: { topic: 'c/{id}' } }] }),
      /publish\.0\.response\.topic: expected a filter within topics\.read \(b\/\+\)/,
    ],
    [
      'a stream that may not be read',
      mistakes({ read: ['b/+'] }, {}, { s: fed('b/#') }),
      /^feeds\.b\.streams\.s\.topic: expected a filter within topics\.read/,
    ],
    ['no such stream', mistakes({ publish: ['a'], audit: 'x' }), /^feeds\.b\.topics\.audit: .*found x/],
    [
      'a stream that takes no records',
      mistakes({ publish: ['a'], audit: 's' }, {}, { s: plain }),
      /^feeds\.b\.topics\.audit: expected a stream made with publishAudit/,
    ],
  ])('%s', (_, found, expected) => {
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });
});

test('a feed that is only published to needs no stream and no clientId', () => {
  expect(mistakes({ publish: ['a/+'] }, { clientId: undefined })).toEqual([]);
  expect(mistakes({ publish: ['a/+'], audit: 's' }, {}, { s: publishAudit() })).toEqual([]);
});

test('streams within the rights of reading are right, and {id} stands for a level', () => {
  const rights = { read: ['b/#', 'r/+'], publish: [{ topic: 'a', response: { topic: 'r/{id}' } }] };
  expect(mistakes(rights, {}, { s: fed('b/+/x') })).toEqual([]);
});
