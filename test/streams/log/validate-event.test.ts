import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import type { Feed } from '../../../src/declare/feed.ts';
import { from } from '../../../src/feeds/from.ts';
import { mqttRoutes } from '../../../src/feeds/mqtt-session/route.ts';
import { type StreamOptions, stream } from '../../../src/declare/stream.ts';
import { idsFrom, type RawEvent, validateEvent } from '../../../src/streams/log/validate-event.ts';
import { feedOf } from '../../feeds/run/stage.ts';

const Quake = z.object({
  code: z.union([z.string(), z.number()]).optional(),
  updated: z.number().optional(),
  place: z.string().optional(),
  at: z.union([z.number(), z.string()]).optional(),
  text: z.string().optional(),
});

async function* nothing() {}

function declared(options: Partial<StreamOptions<typeof Quake>>, feeds: Record<string, Feed> = {}) {
  const declaration = stream({ description: 'quakes', schema: Quake, ...options });
  const app = defineApp({ name: 'x', version: '1', description: 'x', streams: { quakes: declaration }, feeds });
  const found = app.streams.get('quakes');
  if (!found) throw new Error('not declared');
  return found;
}

const code = (quake: z.output<typeof Quake>) => quake.code ?? '';
const place = (quake: z.output<typeof Quake>) => quake.place ?? '';
const full = declared({ id: code, revision: 'updated', key: place, time: (quake) => quake.at ?? '' });
const plain = declared({});
const keyed = declared({ key: place });

function validate(raw: RawEvent, to = plain) {
  return validateEvent(to, raw, { receivedAt: 5_000, newId: idsFrom('batch') });
}

describe('an event', () => {
  test('gets id, revision, key and time from its data, as text and epoch ms', () => {
    expect(validate({ data: { code: 7, updated: 2, place: 'Napa', at: '1970-01-01T00:00:01Z' } }, full)).toMatchObject({
      ok: true,
      event: { id: '7', revision: '2', key: 'Napa', time: 1_000 },
    });
    const dated = declared({ id: code, time: ({ at = 0 }) => new Date(at) });
    expect(validate({ data: { code: 'a', place: 'b', at: 2_000 } }, dated)).toMatchObject({
      event: { id: 'a', time: 2_000 },
    });
  });

  test('without any of these gets an id of the batch and the time at which it came', () => {
    const newId = idsFrom('batch');
    const ids = [1, 2].map(() => validateEvent(plain, { data: {} }, { receivedAt: 5_000, newId }));
    expect(ids).toMatchObject([{ event: { id: 'batch.0', time: 5_000 } }, { event: { id: 'batch.1' } }]);
    expect(ids[0]).not.toHaveProperty('event.key');
  });

  test('of a stream that declares no key has none, whatever its transport says', () => {
    const raw = { data: {}, key: 'topic' };
    expect(validate(raw)).not.toHaveProperty('event.key');
    expect(validate({ ...raw, data: null, meta: { gap: { reason: 'lost' } } })).not.toHaveProperty('event.key');
    const routed = declared(
      { feed: from('plant', { topic: 'plant/+', keyLevel: 1 }) },
      { plant: { ...feedOf(nothing), route: mqttRoutes } },
    );
    expect(validate(raw, routed)).toMatchObject({ event: { key: 'topic' } });
  });

  test('takes key and time of its transport: the key before its own, the time where it has none', () => {
    const raw = { data: { code: 'a', place: 'own', at: '1970-01-01T00:00:01Z' }, key: 'topic', time: 9 };
    expect(validate(raw, full)).toMatchObject({ event: { key: 'topic', time: 1_000 } });
    expect(validate({ ...raw, data: {} })).toMatchObject({ event: { time: 9 } });
  });

  test('keeps what the schema makes of its data, and knows its size', () => {
    const made = validate({ data: { text: 'é', unknown: 1 } });
    expect(made).toMatchObject({ ok: true, event: { data: { text: 'é' } } });
    if (made.ok) expect(made.bytes).toBe(new TextEncoder().encode(JSON.stringify(made.event)).length);
    if (made.ok) expect(made.event.data).not.toHaveProperty('unknown');
  });

  test('that is a gap has no data, no key of its own, and is asked for nothing', () => {
    const gap = { reason: 'session lost' };
    expect(validate({ data: 'anything', meta: { gap } }, full)).toMatchObject({
      ok: true,
      event: { id: 'batch.0', time: 5_000, data: null, meta: { gap } },
    });
  });
});

describe('the time of an event', () => {
  const NOON = Date.UTC(2026, 10, 20, 12);
  const at = (time: number | string, options: Partial<StreamOptions<typeof Quake>>, more: Partial<RawEvent> = {}) =>
    validateEvent(
      declared({ time: (quake) => quake.at, ...options }),
      { data: { at: time }, ...more },
      { receivedAt: NOON, newId: idsFrom('batch') },
    );

  test('is counted in the declared unit, of a field or of a function', () => {
    const field = declared({ schema: Quake.extend({ at: z.number() }), time: { field: 'at', unit: 's' } } as never);
    const read = validateEvent(field, { data: { at: NOON / 1_000 } }, { receivedAt: NOON, newId: idsFrom('batch') });
    expect(read).toMatchObject({ ok: true, event: { time: NOON } });
    const unit = { field: (quake: z.output<typeof Quake>) => quake.at, unit: 'us' } as const;
    expect(at(String(NOON * 1_000), { time: unit })).toMatchObject({ event: { time: NOON } });
    expect(at(NOON, { time: unit })).toMatchObject({ reason: 'time', expected: expect.stringContaining("unit: 'ms'") });
  });

  test('that has no zone is read in that of its stream, else in UTC, which is told', () => {
    expect(at('2026-11-20T13:00', { zone: 'Europe/Berlin' })).toMatchObject({ event: { time: NOON }, zoneless: false });
    expect(at('2026-11-20T12:00', {})).toMatchObject({ event: { time: NOON }, zoneless: true });
    expect(at('2026-11-20T12:00Z', {})).toMatchObject({ event: { time: NOON }, zoneless: false });
  });

  test('lies at most `aheadMs` ahead of the clock, and the refusal says what to mend', () => {
    expect(at(NOON + 300_000, {})).toMatchObject({ ok: true });
    expect(at(NOON + 300_001, {})).toMatchObject({
      ok: false,
      reason: 'time',
      field: 'time',
      expected: expect.stringMatching(/^at most 300000 ms \(aheadMs\) ahead of the clock.*greater aheadMs$/),
    });
    expect(at('2026-11-20T13:00', {})).toMatchObject({ expected: expect.stringContaining('declare its zone') });
    expect(at(NOON + 7 * 86_400_000, { aheadMs: 7 * 86_400_000 })).toMatchObject({ ok: true });
    const counted = { field: (quake: z.output<typeof Quake>) => quake.at, unit: 'ms' } as const;
    expect(at(8.64e15, { aheadMs: Infinity, time: counted })).toMatchObject({ ok: true });
    expect(at(1, { aheadMs: 0, time: undefined }, { time: NOON + 1 })).toMatchObject({
      ok: false,
      reason: 'time',
    });
  });

  test('is held against the clock of now, also for what came long ago', () => {
    const late = { receivedAt: NOON, now: NOON + 3_600_000, newId: idsFrom('batch') };
    const stream = declared({ time: (quake) => quake.at });
    expect(validateEvent(stream, { data: { at: NOON + 600_000 } }, late)).toMatchObject({ ok: true });
  });

  test('of a gap is not held against the clock, because nothing may hide a gap', () => {
    expect(at(1, {}, { time: NOON + 86_400_000, meta: { gap: { reason: 'lost' } } })).toMatchObject({ ok: true });
  });

  test('that is wrong is named by its field', () => {
    const named = declared({ schema: Quake.extend({ at: z.string() }), time: 'at' } as never);
    expect(validate({ data: { at: 'yesterday' } }, named)).toMatchObject({ field: 'data.at' });
    expect(validate({ data: { at: '1795881600' } }, named)).toMatchObject({
      field: 'data.at',
      expected: expect.stringContaining("looks like seconds: declare time: { field: 'at', unit: 's' }"),
    });
  });
});

describe('is rejected, with the field and what was expected', () => {
  const long = 'x'.repeat(257);
  test.each([
    ['data of another shape', { data: { text: 5 } }, plain, 'schema', 'data.text'],
    ['no data', { data: undefined }, plain, 'schema', 'data'],
    ['a missing id', { data: { place: 'a', at: 1 } }, full, 'id', 'id'],
    ['an empty id', { data: { code: '', place: 'a', at: 1 } }, full, 'id', 'id'],
    ['a long id', { data: { code: long, place: 'a', at: 1 } }, full, 'id', 'id'],
    ['a missing key', { data: { code: 'a', at: 1 } }, full, 'key', 'key'],
    ['a long key', { data: {}, key: long }, keyed, 'key', 'key'],
    ['a key above 256 bytes of fewer characters', { data: {}, key: 'é'.repeat(129) }, keyed, 'key', 'key'],
    ['a key that is no Unicode', { data: {}, key: '\ud800' }, keyed, 'key', 'key'],
    ['a time that is none', { data: { code: 'a', place: 'b', at: 'yesterday' } }, full, 'time', 'time'],
    ['a time beyond all calendars', { data: { code: 'a', place: 'b', at: 1e17 } }, full, 'time', 'time'],
    ['too much meta', { data: {}, meta: { source: 'x'.repeat(2_048) } }, plain, 'meta', 'meta'],
    ['too much data', { data: { text: 'x'.repeat(256 * 1024) } }, plain, 'too_large', 'data'],
  ])('%s', (_, raw, to, reason, field) => {
    expect(validate(raw, to)).toMatchObject({ ok: false, reason, field, expected: expect.stringMatching(/./) });
  });

  test('what the app itself fails on', () => {
    const throwing = declared({
      key: () => {
        throw new Error('oops');
      },
    });
    expect(validate({ data: {} }, throwing)).toMatchObject({ ok: false, reason: 'schema', field: 'data' });
  });

  test('what JSON cannot hold', () => {
    const Big = z.object({ n: z.any() });
    const app = defineApp({
      name: 'x',
      version: '1',
      description: 'x',
      streams: { big: stream({ description: 'b', schema: Big }) },
    });
    const big = app.streams.get('big');
    if (!big) throw new Error('not declared');
    expect(validate({ data: { n: 1n } }, big)).toMatchObject({ ok: false, reason: 'schema' });
  });
});
