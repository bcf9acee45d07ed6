import { expect, test } from 'vitest';
import { itemsOfRecord } from '../../../src/feeds/aws/to-items.ts';
import { readEvent } from '../../../src/feeds/aws/read-event.ts';
import { bridgeEvent, queueEvent, shardEvent } from './platform-events.ts';

test('messages of a queue: their JSON or text, the group, the time at which they were sent, attributes', () => {
  const event = queueEvent(
    [
      { id: 'one', text: '{"a":1}' },
      { id: 'two', text: 'not {json' },
    ],
    { MessageGroupId: 'g' },
  );
  expect(readEvent('sqs', event, 'r')).toEqual([
    {
      record: { id: 'one', data: { a: 1 }, key: 'g', time: 1_745_000_000_123, attributes: { origin: 'till' } },
      identifier: 'one',
      bytes: 7,
    },
    expect.objectContaining({ record: expect.objectContaining({ data: 'not {json' }) }),
  ]);
});

test('records of a shard: decoded, named by shard and sequence number, which the platform calls them by', () => {
  const broken = Uint8Array.from([0xff, 0xfe, 0x00]);
  const [one, two] = readEvent(
    'kinesis',
    shardEvent([
      { id: '49590338271490256608559692538361571095921575989136588898', text: '{"ü":"…"}' },
      { id: '5', text: broken },
    ]),
    'r',
  );
  expect(one).toEqual({
    record: {
      id: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
      data: { ü: '…' },
      key: 'acme',
      time: 1_745_000_000_123,
      attributes: {},
    },
    identifier: '49590338271490256608559692538361571095921575989136588898',
    bytes: 12,
  });
  expect(two).toMatchObject({
    identifier: '5',
    bytes: 3,
    unreadable: { expected: 'text in UTF-8' },
    record: { data: '//4A' },
  });
});

test('an event of a rule is its detail; one of IoT is the whole of it, named by the invocation', () => {
  expect(readEvent('eventbridge', bridgeEvent('e-1', { state: 'stopped' }), 'r')).toEqual([
    expect.objectContaining({
      identifier: null,
      record: {
        id: 'e-1',
        data: { state: 'stopped' },
        key: 'Scheduled Event',
        time: Date.parse('2025-04-18T18:13:20Z'),
        attributes: { source: 'aws.events', account: '123456789012', region: 'us-east-1' },
      },
    }),
  ]);
  const [message] = readEvent('iot', { celsius: 21, topic: 'plant/1' }, 'request-1');
  expect(message?.record).toMatchObject({ id: 'request-1', data: { celsius: 21, topic: 'plant/1' }, time: null });
});

test('long numbers keep their digits', () => {
  const [one] = readEvent('sqs', queueEvent([{ id: 'x', text: '{"id":12345678901234567890}' }]), 'r');
  expect(String((one?.record.data as { id: unknown } | undefined)?.id)).toBe('12345678901234567890');
});

test.each([
  ['sqs', {}],
  ['sqs', { Records: [{ kinesis: {} }] }],
  ['sqs', null],
  ['kinesis', queueEvent([{ id: 'x', text: '1' }])],
  ['eventbridge', { Records: [] }],
] as const)('an event that no source of %s sends is refused by name', (kind, event) => {
  expect(() => readEvent(kind, event, 'r')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('a function takes items out of a record, none or several, each with an id of its own', () => {
  const [one] = readEvent('sqs', queueEvent([{ id: 'm', text: '{"Message":"[1,2]"}' }]), 'r');
  if (!one) throw new Error('nothing was read');
  const read = (items: (record: { data: unknown }) => readonly unknown[]) => itemsOfRecord(one, { stream: 's', items });
  const all = read(({ data }) => JSON.parse((data as { Message: string }).Message) as number[]);
  expect(all.map(({ id, data }) => [id, data])).toEqual([
    ['m', 1],
    ['m#1', 2],
  ]);
  expect(read(() => [])).toEqual([]);
  expect(read(() => 'no list' as never)).toMatchObject([{ invalid: { reason: 'unreadable' } }]);
  const broken = read(() => {
    throw new Error('no message');
  });
  expect(broken).toMatchObject([{ id: 'm', invalid: { expected: expect.stringContaining('no message') } }]);
});
