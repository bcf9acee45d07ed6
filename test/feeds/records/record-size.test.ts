/** The feed's record at its bounds leaves room for the largest event in the narrowest commit. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { from } from '../../../src/feeds/from.ts';
import { stream } from '../../../src/declare/stream.ts';
import { utf8Bytes } from '../../../src/base/json.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { newState } from '../../../src/feeds/records/state.ts';
import { recordBytes } from '../../../src/feeds/records/record-bytes.ts';
import { POSITION_BYTES } from '../../../src/feeds/run/taker.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { EVENT_BYTES } from '../../../src/streams/log/validate-event.ts';
import { feedOf, items, reading, Reading, stageOf, TENANT } from '../run/stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

/** Redis's, the narrowest. */
const limits = { commitOperations: 90, commitBytes: 420_000 };
const LOG_NAME_BYTES = 256;

test('the bounds of its parts add up to what a commit holds beside the largest event', () => {
  const targets = Array.from({ length: 500 }, (_, i) => ({ stream: `${i}`.padStart(64, 's'), route: null }));
  const position = 'p'.repeat(POSITION_BYTES - 2);
  const state = {
    ...newState(),
    position,
    lastError: { code: 'upstream' as const, message: '\u0001'.repeat(1_000), at: 1 },
    rejected: { count: 1, items: 1, field: '\u0001'.repeat(200), expected: '\u0001'.repeat(200), at: 1 },
  };
  const record = recordBytes(
    { targets, sample: { windowMs: 1_000, reduce: 'last' }, namesTenants: true },
    state,
    position,
  );
  expect(record + LOG_NAME_BYTES + EVENT_BYTES).toBeLessThanOrEqual(limits.commitBytes);
});

const Thing = z.object({ v: z.number().optional(), k: z.string(), t: z.string().optional() });
const big = { k: 'big', t: 'x'.repeat(EVENT_BYTES - 200) };
const crowd = [
  ...Array.from({ length: 600 }, (_, i) => ({ v: i, k: `"${'\u{1F30A}'.repeat(40)}${i}` })),
  ...Array.from({ length: 12_000 }, (_, i) => ({ k: 'few', t: `${i}` })),
  big,
  ...Array.from({ length: 400 }, (_, i) => ({ k: 'few', t: `after ${i}` })),
];

function crowded(commitBytes: number) {
  const feed = pull({
    budget: { events: 5_000 },
    sample: { windowMs: 86_400_000, reduce: 'mean', field: 'v' },
    pull: async function* ({ position }) {
      if (position !== 'end') yield { position: 'p'.repeat(POSITION_BYTES - 2) };
      yield { items: position === 'end' ? [] : crowd, position: 'end', last: true };
    },
  });
  const streams = { things: stream({ description: 'things', schema: Thing, key: 'k', feed }) };
  return stageOf({ streams }, createMemoryStore({ limits: { ...limits, commitBytes } }));
}

test.each([
  ['is stored', 420_000, 12_401, 0],
  ['becomes a dead letter where it cannot fit', 300_000, 12_400, 1],
])(
  'the largest event in the middle of a reading, beside open windows: %s',
  async (_, commitBytes, plain, buried) => {
    const stage = crowded(commitBytes);
    const records: number[] = [];
    const { deps } = stage.worker((operations, _number, next) => {
      const [record] = operations;
      if (record?.kind === 'put' && record.id === 'things') records.push(utf8Bytes(JSON.stringify(record.value)));
      return next();
    });
    for (let more = true; more;) {
      const { feeds } = await ingest(deps, stage.clock.now + 60_000);
      expect(feeds[0]).toMatchObject({ outcome: 'pulled', error: null });
      more = feeds[0]?.nextAt === stage.clock.now;
    }
    const stored = await stage.events('things');
    expect(stored.filter(({ data }) => (data as { t?: string }).t !== undefined)).toHaveLength(plain);
    const { deadLetters } = await readDeadLetters(scopeOfLogs(deps, { tenant: TENANT }), 'things');
    expect(deadLetters.map(({ reason }) => reason)).toEqual(Array.from({ length: buried }, () => 'too_large'));
    expect(Math.max(...records)).toBeGreaterThan(60_000);
    expect(Math.max(...records)).toBeLessThan(420_000 - EVENT_BYTES);
  },
  30_000,
);

test.each([4_000, 2_000])('1,000 events of %i bytes cost 3 + n/100 commits there', async (bytes) => {
  const all = Array.from({ length: 1_000 }, () => ({ k: 'k', t: 'x'.repeat(bytes) }));
  const feed = pull({ budget: { bytes: 1e9 }, pull: async () => ({ items: all, position: 1 }) });
  const streams = { things: stream({ description: 'things', schema: Thing, key: 'k', feed }) };
  const stage = stageOf({ streams }, createMemoryStore({ limits }));
  expect((await stage.run()).commits).toBeLessThanOrEqual(3 + 1_000 / 100 + 2 / 90);
});

test('windows of more streams than a commit has room for are all stored when the clock closes them', async () => {
  const names = Array.from({ length: 120 }, (_, i) => `s${i}`);
  const feed = feedOf(
    async function* ({ position }) {
      if (position === null)
        yield { items: names.flatMap((name) => items([reading(1)], name)), position: 1, last: true };
    },
    { sample: { windowMs: 1_000, reduce: 'last' }, everyMs: 60_000 },
  );
  const options = {
    description: 'one',
    schema: Reading,
    key: 'sensor',
    id: (r: { id?: string }) => r.id ?? '',
  } as const;
  const streams = Object.fromEntries(names.map((name) => [name, stream({ ...options, feed: from('many') })]));
  const stage = stageOf({ feeds: { many: feed }, streams });
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', events: 0 });
  await stage.clock.advance(60_000);
  expect(await stage.run()).toMatchObject({ outcome: 'pulled', events: 120 });
  for (const name of names) expect(await stage.events(name)).toHaveLength(1);
});
