/** What is refused before anything is sent, each with the field that is wrong. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { MqttMessage } from '../../../src/feeds/mqtt-session/messages.ts';
import type { MqttPublishRule } from '../../../src/feeds/mqtt/feed.ts';
import { outletOf } from './outlets.ts';

const VALVES: MqttPublishRule = {
  topic: 'plant/valves/+/set',
  schema: z.object({ percent: z.int().min(0).max(100), by: z.string().default('agent') }),
};
const RULES: (string | MqttPublishRule)[] = [
  VALVES,
  { topic: 'plant/#', maxBytes: 20, retain: true },
  { topic: '/lead/+', payload: 'text' },
  { topic: 'meter/+', payload: 'number', qos: 0 },
  '$aws/things/+/shadow/update',
];
const outlet = outletOf({ topics: { publish: RULES } });
const check = (message: Partial<MqttMessage>) => outlet.check({ topic: 'plant/x', payload: 1, ...message });
const refusal = (field: string, expected: RegExp, code = 'invalid_input') =>
  expect.objectContaining({ code, field, expected: expect.stringMatching(expected) });

describe('topics', () => {
  test.each([
    ['', /a topic/],
    ['plant/+/set', /without the wildcards/],
    ['plant/#', /without the wildcards/],
    ['plant/a\u0000b', /control characters/],
    ['plant/a\nb', /control characters/],
    ['plant/\ud800', /well-formed/],
    ['$SYS/broker/log', /of the broker itself/],
    ['$sys', /of the broker itself/],
    ['$share/g/plant/a', /of the broker itself/],
    [`plant/${'é'.repeat(32_765)}`, /at most 65535 bytes/],
    ['plant//set', /without empty levels/],
    ['plant/a/', /without empty levels/],
    ['/plant/a', /without empty levels/],
    ['other/a', /plant\/valves\/\+\/set, plant\/#, \/lead\/\+, meter\/\+/],
    ['$aws/things/a/b/shadow/update', /one of these patterns/],
    ['Plant/a', /one of these patterns/],
  ])('%j may not be published to', (topic, expected) => {
    expect(() => check({ topic })).toThrow(refusal('topic', expected));
  });

  test('of 65,535 bytes there may be', () => {
    const topic = `plant/${'x'.repeat(65_529)}`;
    expect(check({ topic }).identity[0]).toBe(topic);
    expect(() => check({ topic: `${topic}x` })).toThrow(refusal('topic', /65535/));
  });

  test('an empty level may be where the pattern has it, and $ where it is named', () => {
    expect(check({ topic: '/lead/a', payload: 'x' }).rule.pattern).toBe('/lead/+');
    expect(check({ topic: '$aws/things/t/shadow/update' }).rule.pattern).toBe('$aws/things/+/shadow/update');
  });

  test('a wildcard in the first level gives no topics of the broker', () => {
    const wide = outletOf({ topics: { publish: ['#'] } });
    expect(wide.check({ topic: 'anything/at/all', payload: 1 }).rule.pattern).toBe('#');
    expect(() => wide.check({ topic: '$aws/x', payload: 1 })).toThrow(refusal('topic', /patterns matches: #/));
  });

  test('the first rule that matches holds, also where a later one is wider', () => {
    expect(check({ topic: 'plant/valves/a/set', payload: { percent: 1 } }).rule.pattern).toBe('plant/valves/+/set');
    expect(() => check({ topic: 'plant/valves/a/set', payload: 1 })).toThrow(refusal('payload', /object/));
  });
});

const valve = (payload: unknown) => check({ topic: 'plant/valves/a/set', payload });

describe('payloads', () => {
  test('what the schema makes of one is sent', () => {
    const { identity, facts } = valve({ percent: 7, more: 1 });
    expect([identity[1], facts.bytes]).toEqual(['{"percent":7,"by":"agent"}', 26]);
  });

  test.each([[{ percent: '7', more: null }], ['{"percent":7}']])('%j is sent as it was meant', (payload) => {
    expect(valve(payload).identity[1]).toBe('{"percent":7,"by":"agent"}');
  });

  test.each<[unknown, string, RegExp]>([
    [{ percent: 101 }, 'payload.percent', /payload\.percent: .*100/],
    [{ percent: 1.5 }, 'payload.percent', /a whole number/],
    [{}, 'payload.percent', /missing, expected a/],
    ['percent 1', 'payload', /expected an object, found "percent 1"/],
    [undefined, 'payload', /a payload/],
  ])('%j is refused', (payload, field, expected) => {
    expect(() => valve(payload)).toThrow(refusal(field, expected));
  });

  test('are bounded in bytes, not characters', () => {
    expect(check({ payload: 'é'.repeat(9) }).facts.bytes).toBe(20);
    expect(() => check({ payload: 'é'.repeat(10) })).toThrow(refusal('payload', /at most 20 bytes/, 'too_large'));
    expect(check({ topic: '/lead/a', payload: 'x'.repeat(65_536) }).facts.bytes).toBe(65_536);
    expect(() => check({ topic: '/lead/a', payload: 'x'.repeat(65_537) })).toThrow(
      refusal('payload', /65536/, 'too_large'),
    );
  });

  test('are bounded in depth', () => {
    let payload: unknown = 1;
    for (let level = 0; level < 200; level += 1) payload = [payload];
    expect(() => check({ payload })).toThrow(refusal('payload', /128 levels/));
  });

  test('are written as the rule says', () => {
    expect(check({ topic: '/lead/a', payload: 'on\n' }).identity[1]).toBe('"on\\n"');
    const meter = check({ topic: 'meter/a', payload: 2.5 });
    expect([meter.identity[1], meter.facts]).toMatchObject(['2.5', { bytes: 3, qos: 0 }]);
    expect(() => check({ topic: '/lead/a', payload: { on: 5 } })).toThrow(refusal('payload', /a text/));
    expect(() => check({ topic: '/lead/a', payload: '\udc00' })).toThrow(refusal('payload', /a text/));
    expect(() => check({ topic: 'meter/a', payload: 'five' })).toThrow(refusal('payload', /a number/));
    expect(() => check({ topic: 'meter/a', payload: Infinity })).toThrow(refusal('payload', /a number/));
  });
});

describe('payloads without a schema', () => {
  test('are taken as the way of writing means them', () => {
    expect(check({ topic: 'meter/a', payload: ' 2.5 ' }).identity[1]).toBe('2.5');
    expect(check({ topic: '/lead/a', payload: 5 }).identity[1]).toBe('"5"');
    expect(check({ payload: '{"on":true}' }).identity[1]).toBe('"{\\"on\\":true}"');
  });

  test('that get a field are objects, also where a client wrote the object as a text', () => {
    const publish = [{ topic: 'asked/+', response: { topic: 'told/+', correlation: 'id' } }];
    const asking = outletOf({ topics: { read: ['told/+'], publish } });
    const ask = (payload: unknown) => asking.checkRequest?.({ topic: 'asked/a', payload }, () => 'x').identity[1];
    expect(ask('{"on":true}')).toBe(ask({ on: true }));
    expect(() => ask('on')).toThrow(refusal('payload', /an object, which gets the field id/));
  });
});

describe('what goes beside them', () => {
  test('is retained only where that is allowed', () => {
    expect(check({ retain: true }).facts.retained).toBe(true);
    expect(() => check({ topic: 'meter/a', payload: 1, retain: true })).toThrow(refusal('retain', /not retained/));
  });

  test.each<[string, Partial<MqttMessage>]>([
    ['qos', { qos: 2 as 1 }],
    ['contentType', { contentType: 'a\nb' }],
    ['contentType', { contentType: '' }],
    ['expirySeconds', { expirySeconds: 0 }],
    ['expirySeconds', { expirySeconds: 2 ** 32 }],
    ['userProperties', { userProperties: { 'a\u0000': 'b' } }],
    ['userProperties', { userProperties: { a: 'b'.repeat(1_025) } }],
    ['userProperties', { userProperties: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, ''])) }],
  ])('a wrong %s is refused', (field, message) => {
    expect(() => check(message)).toThrow(refusal(field, /./));
  });
});
