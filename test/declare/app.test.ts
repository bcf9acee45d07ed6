import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { defineApp, extendApp } from '../../src/declare/check/define-app.ts';
import type { AppOptions } from '../../src/declare/app.ts';
import type { Feed } from '../../src/declare/feed.ts';
import { from } from '../../src/feeds/from.ts';
import { mqttRoutes } from '../../src/feeds/mqtt-session/route.ts';
import { tool } from '../../src/declare/tool.ts';
import { prompt } from '../../src/declare/prompt.ts';
import { resource } from '../../src/declare/resource.ts';
import { type ErasedStreamOptions, type Stream, stream } from '../../src/declare/stream.ts';
import { TidegateError } from '../../src/base/errors.ts';

const Reading = z.object({ sensor: z.string(), at: z.string(), celsius: z.number().meta({ unit: '°C' }) });
type Data = { sensor: string; at: string; celsius: number };
const readings = stream({ description: 'Temperatures', schema: Reading, key: 'sensor', time: 'at' });
const base = { name: 'test', version: '1.0.0', description: 'A test' } satisfies AppOptions;

function feed(pacing: Feed['pacing'] = {}, problems: Feed['problems'] = () => []): Feed {
  return { kind: 'feed', type: 'test', source: 'test', pacing, replayable: true, problems, async *burst() {} };
}

function mistakes(options: Partial<AppOptions>): TidegateError {
  try {
    defineApp({ ...base, ...options });
  } catch (error) {
    if (error instanceof TidegateError) return error;
  }
  throw new Error('expected a TidegateError');
}

describe('a declared stream', () => {
  const app = defineApp({ ...base, streams: { readings } });
  const declared = app.streams.get('readings');

  test('has its defaults', () => {
    expect(declared).toMatchObject({
      name: 'readings',
      title: 'readings',
      keyed: true,
      identified: false,
      retention: { events: 100_000, ageMs: null },
      dedupe: 1_000,
      latenessMs: 86_400_000,
      feed: null,
      push: null,
    });
  });

  test('picks key and time out of its data', () => {
    const data = { sensor: 'a1', at: '2026-11-20T12:00:00Z', celsius: 20 };
    expect(declared?.key(data)).toBe('a1');
    expect(declared?.time(data)).toMatchObject({ ok: true, time: Date.UTC(2026, 10, 20, 12) });
    expect(declared?.time({ ...data, at: 'yesterday' })).toMatchObject({ ok: false });
    expect(declared?.id(data)).toBeNull();
  });

  test('has a JSON Schema with the units', () => {
    expect(declared?.jsonSchema).toMatchObject({ type: 'object', properties: { celsius: { unit: '°C' } } });
  });

  test('is typed by its schema', () => {
    expectTypeOf(readings).toEqualTypeOf<Stream<Data, Data>>();
    // @ts-expect-error a key that the schema does not have
    stream({ description: 'x', schema: Reading, key: 'sensr' });
    stream({ description: 'x', schema: Reading, key: (data) => data.sensor, time: (data) => Date.parse(data.at) });
  });
});

test('a tool is typed by its input', () => {
  tool({
    description: 'x',
    input: z.object({ n: z.number() }),
    run: async ({ n }) => {
      expectTypeOf(n).toBeNumber();
      return String(n);
    },
  });
});

describe('feeds', () => {
  test('one in a stream takes its name; one under feeds serves the streams that route to it', () => {
    const app = defineApp({
      ...base,
      feeds: { plant: { ...feed({ everyMs: 5_000 }), route: mqttRoutes } },
      streams: {
        quakes: stream({ description: 'x', schema: Reading, feed: feed() }),
        warm: stream({ description: 'x', schema: Reading, feed: from('plant', { topic: 'plant/+/t', keyLevel: 1 }) }),
      },
    });
    expect([...app.feeds.keys()].toSorted()).toEqual(['plant', 'quakes']);
    expect(app.feeds.get('plant')?.targets).toMatchObject([
      { stream: 'warm', route: { topic: 'plant/+/t', keyLevel: 1 }, identified: false, takesLists: false },
    ]);
    expect(app.feeds.get('plant')).toMatchObject({ everyMs: 5_000, overflow: 'dead-letter', sample: null });
    expect(app.feeds.get('quakes')).toMatchObject({
      everyMs: 60_000,
      budget: { timeMs: 20_000, events: 10_000, bytes: 10_485_760 },
    });
    expect(app.streams.get('warm')).toMatchObject({ feed: 'plant', keyed: true });
  });
});

function bad(options: Partial<ErasedStreamOptions>): TidegateError {
  return mistakes({ streams: { s: { kind: 'stream', options: { description: 'x', schema: Reading, ...options } } } });
}

describe('a mistake names the path and what was expected', () => {
  test.each<[string, () => TidegateError]>([
    ['name', () => mistakes({ name: 'Not A Name' })],
    ['version', () => mistakes({ version: '' })],
    ['description', () => mistakes({ description: 'x'.repeat(101) })],
    ['cardName', () => mistakes({ cardName: 'no-slash' })],
    ['streams.1st', () => mistakes({ streams: { '1st': readings } })],
    ['streams.s.description', () => bad({ description: '' })],
    ['streams.s.retention.events', () => bad({ retention: { events: 0 } })],
    ['streams.s.retention.ageMs', () => bad({ retention: { ageMs: 1.5 } })],
    ['streams.s.dedupe', () => bad({ dedupe: 10_001 })],
    ['streams.s.latenessMs', () => bad({ latenessMs: -1 })],
    ['streams.s.id', () => bad({ revision: 'at' })],
    ['streams.s.schema.when', () => bad({ schema: z.object({ when: z.date() }) })],
    [
      'streams.s.key',
      () => mistakes({ streams: { s: { kind: 'stream', options: { ...readings.options, key: 'nope' } } } }),
    ],
    ['streams.s.feed', () => bad({ feed: from('nowhere') })],
    ['streams.s.feed.everyMs', () => bad({ feed: feed({ everyMs: 0 }) })],
    ['streams.s.feed.budget.events', () => bad({ feed: feed({ budget: { events: -1 } }) })],
    ['streams.s.feed.sample.every', () => bad({ feed: feed({ sample: { every: 0 } }) })],
    ['streams.s.feed.url', () => bad({ feed: feed({}, () => [{ path: 'url', expected: 'a URL' }]) })],
    ['feeds.idle', () => mistakes({ feeds: { idle: feed() } })],
    ['tools.t.description', () => mistakes({ tools: { t: tool({ description: '', run: async () => '' }) } })],
    ['prompts.p.description', () => mistakes({ prompts: { p: prompt({ description: '', run: async () => '' }) } })],
    ['resources.r.uri', () => mistakes({ resources: { r: resource({ uri: 'no scheme', read: async () => '' }) } })],
  ])('%s', (path, make) => {
    const error = make();
    expect(error.code).toBe('invalid_config');
    expect(error.field).toBe(path);
    expect(error.expected).not.toBeNull();
    expect(error.message).toContain(`${path}: expected`);
  });

  test('all are told at once', () => {
    expect(mistakes({ description: '', version: '' }).message).toContain('2 mistake(s)');
  });
});

test('an app is extended by what a host adds', () => {
  const app = extendApp(defineApp({ ...base, streams: { readings } }), {
    streams: { more: stream({ description: 'x', schema: Reading }) },
  });
  expect([...app.streams.keys()]).toEqual(['readings', 'more']);
  expect(() => extendApp(app, { streams: { '?': readings } })).toThrow(TidegateError);
});
