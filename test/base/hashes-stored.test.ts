/** Hashes that stand in stored data, on brokers, or decide where something is stored: they may never change. */
import { expect, test } from 'vitest';
import { digestOf, fnv1a, hexOf, sha256 } from '../../src/base/digest.ts';
import { subscriptionId } from '../../src/feeds/mqtt-session/topic.ts';
import { createReplay } from '../../src/feeds/records/replay.ts';
import { epochOf } from '../../src/store/cursor.ts';
import { shardOf } from '../../src/store/shard.ts';

test('FNV-1a and SHA-256 are those of the world', async () => {
  expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  expect(fnv1a('bar', fnv1a('foo'))).toBe(fnv1a('foobar'));
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(hexOf(await sha256('abc'))).toBe(abc);
  expect(hexOf(await sha256(new TextEncoder().encode('abc')))).toBe(abc);
});

test('marks of texts', () => {
  expect(['', 'boiler-1', 'é東'].map(digestOf)).toEqual(['e38b6a11699fe1ee', '424470ba68de9f3a', '3b8234831e773c7d']);
});

test('shards of due records, and epochs of logs', () => {
  const keys = [
    { partition: 'p', id: 'a' },
    { partition: 'public/task/x', id: 'run' },
    { partition: 'é', id: '東' },
  ];
  expect(keys.map(shardOf)).toEqual([1, 12, 9]);
  expect(epochOf('public/stream/readings', 'c1')).toBe('19n2kkz-c1');
});

test('subscription identifiers of MQTT, and marks of what a feed has committed', () => {
  expect(subscriptionId('plant/+/temperature')).toBe(121_434_803);
  const replay = createReplay('');
  replay.remember([
    { stream: 's', data: { a: 1 }, bytes: 1 },
    { stream: 's', key: 'é', time: 5, data: null, bytes: 1 },
  ]);
  expect(replay.state()).toBe('0.ztntfp.i90v2v 1.gcpbfn.rejcnn 2.v1jd1d.1qqmdvc');
});
