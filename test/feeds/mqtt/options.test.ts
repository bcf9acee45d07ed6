import { describe, expect, test } from 'vitest';
import { mqtt } from '../../../src/feeds/mqtt/feed.ts';
import { specProblems } from '../../../src/declare/spec/problems.ts';
import { mqttSettings } from '../../../src/feeds/mqtt-session/settings.ts';
import { target } from './bursts.ts';

const BROKER = 'mqtt://broker.example';
const TARGETS = [target('s', 'a/+')];
const paths = (options: object, targets = TARGETS) =>
  mqtt({ url: BROKER, clientId: 'c', ...options })
    .problems(targets)
    .map(({ path }) => path);

describe('mistakes are found without connecting', () => {
  test('a sound declaration has none', () => {
    const tls = { ca: 'pem', cert: 'pem', key: 'pem' };
    expect(paths({})).toEqual([]);
    expect(paths({ url: 'mqtts://[::1]:8884', tls, protocolVersion: 4, username: 'u', password: 'p' })).toEqual([]);
    expect(paths({ qos: 0, clientId: undefined, url: 'wss://broker.example/mqtt' })).toEqual([]);
    expect(paths({ topic: 'a' }, [{ stream: 's', route: null }])).toEqual([]);
  });

  test.each([
    [{ url: 'http://broker.example' }, 'url'],
    [{ url: 'broker.example' }, 'url'],
    [{ clientId: undefined }, 'clientId'],
    [{ clientId: '' }, 'clientId'],
    [{ clientId: 'line\nbreak' }, 'clientId'],
    [{ clientId: 'x'.repeat(257) }, 'clientId'],
    [{ qos: 2 }, 'qos'],
    [{ protocolVersion: 3 }, 'protocolVersion'],
    [{ password: 'p' }, 'username'],
    [{ tls: { ca: 'pem' } }, 'tls'],
    [{ url: 'mqtts://b', tls: { cert: 'pem' } }, 'tls'],
    [{ receiveMaximum: 0 }, 'receiveMaximum'],
    [{ receiveMaximum: 65_536 }, 'receiveMaximum'],
    [{ idleMs: 0 }, 'idleMs'],
    [{ lingerMs: -1 }, 'lingerMs'],
    [{ sessionExpirySeconds: 0 }, 'sessionExpirySeconds'],
    [{ maxPacketBytes: 100 }, 'maxPacketBytes'],
    [{ keepAliveSeconds: 1.5 }, 'keepAliveSeconds'],
    [{ answerMs: '5' }, 'answerMs'],
    [{ brokerQueueLimit: 20_000 }, 'budget.events'],
    [{ payload: 'xml' }, 'payload'],
    [{ items: 'a..b' }, 'items'],
    [{ items: 'a', payload: 'text' }, 'items'],
    [{ ignore: {} }, 'ignore'],
  ])('%j', (options, path) => {
    expect(paths(options)).toEqual([path]);
  });

  test.each([
    [{ topic: 'a/#/b' }, 'topic'],
    [{ topic: '$share/g/a' }, 'topic'],
    [{ topic: 'a/+', keyLevel: -1 }, 'keyLevel'],
    [{ payload: 'xml' }, 'payload'],
    [{ items: 5 }, 'items'],
    [{ ignore: [1] }, 'ignore'],
  ])('a route %j', (route, path) => {
    const feed = mqtt({ url: BROKER, clientId: 'c' });
    expect(specProblems(feed.route!.spec, route).map((problem) => problem.path)).toEqual([path]);
  });

  test('a level that the topic does not have', () => {
    expect(paths({}, [target('s', 'a/+', { keyLevel: 2 })])).toEqual(['streams.s.keyLevel']);
  });

  test('a path to items beside a payload that has no place for them', () => {
    expect(paths({}, [target('s', 'a', { payload: 'number', items: '' })])).toEqual(['streams.s.items']);
    expect(paths({ items: 'rows' }, [target('s', 'a', { payload: 'number' })])).toEqual([]);
  });

  test('a stream without a topic', () => {
    expect(paths({}, [{ stream: 's', route: null }])).toEqual(['topic']);
  });
});

test('what is shown of a feed holds no credentials', () => {
  const feed = mqtt({ url: 'mqtts://user:secret@broker.example/', clientId: 'c' });
  expect(feed.source).toBe('mqtts://broker.example');
  expect(mqtt({ url: 'secret', clientId: 'c' }).source).not.toContain('secret');
  expect(mqtt({ url: 'wss://broker.example/mqtt?token=secret#secret', clientId: 'c' }).source).toBe(
    'wss://broker.example',
  );
});

test('a user in the URL is used where none is given beside it', () => {
  const url = 'mqtt://us%40er:p%3Aw@broker.example';
  expect(mqttSettings({ url }, () => null)).toMatchObject({ username: 'us@er', password: 'p:w' });
  expect(mqttSettings({ url, username: 'other', password: 'q' }, () => null)).toMatchObject({
    username: 'other',
    password: 'q',
  });
});

test('only QoS 1 lets the broker give again what was not stored', () => {
  expect(mqtt({ url: BROKER, clientId: 'c' }).replayable).toBe(true);
  expect(mqtt({ url: BROKER, qos: 0 }).replayable).toBe(false);
});
