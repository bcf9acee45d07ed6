/** Questions of more events than one answer may read: what a model is told, and what the parts come to. */
import { expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { plant, type Plant } from './plant.ts';

const SECOND = 1_000;
const PART = 1_000;

/** An event a second of two keys in turn; the pump is on in the first half of each ten minutes. The clock stands at the end. */
async function day(events: number, keyOf = (n: number): string => (n % 2 === 0 ? 'a' : 'b')) {
  const at = plant();
  for (let first = 0; first < events; first += PART) {
    const batch = Array.from({ length: Math.min(PART, events - first) }, (_, index) => first + index).map((n) => ({
      key: keyOf(n),
      time: START + n * SECOND,
      data: { temp: n % 100, pump: { state: n % 600 < 300 ? 'on' : 'off', rpm: null } },
    }));
    at.clock.now = START + (first + batch.length - 1) * SECOND;
    await at.append('plant', ...batch);
  }
  for (let round = 0; round * 4_000 < events; round += 1) await at.project('plant');
  at.clock.now = START + events * SECOND;
  at.caller.deadline = at.clock.now + 3_600 * SECOND;
  return at;
}

const ofPlant = { stream: 'plant', window: 'all' };
type Row = Record<string, unknown>;

/** The calls of a hint, as they stand. */
function callsIn(text: string): object[] {
  return [...text.matchAll(/read_history (\{.*?\})(?=, then|, and so|; or|\.?$|\.\n)/gm)].map(
    ([, json = '']) => JSON.parse(json) as object,
  );
}

/** Follows the first printed call until none is left. */
async function answers(at: Plant, first: object) {
  const told: { structured: Row; text: string; calls: number }[] = [];
  for (let call: object | undefined = first; call !== undefined;) {
    const { structured, text } = await at.call('read_history', call);
    told.push({ structured, text, calls: at.calls.length });
    const next = (structured['nextCalls'] ?? []) as { for: string; arguments: object }[];
    call = next.find(({ for: what }) => what === 'Next page')?.arguments;
  }
  return told;
}

test(
  'counts and sums of 19,000 events are answered at once, and of more by the call of the refusal, whose last part has the whole',
  { timeout: 120_000 },
  async () => {
    const at = await day(20_500);
    const question = { ...ofPlant, field: 'temp', by: [] };
    const to = START + 18_500 * SECOND;
    const one = await at.call('read_history', { ...question, from: START, to, aggregates: ['sum'] });
    expect(one.structured).toMatchObject({ complete: true, windows: [{ count: 18_500, sum: (18_500 / 100) * 4_950 }] });
    expect(at.calls.length).toBeLessThanOrEqual(21);
    const all = { ...question, from: '-1d', aggregates: ['count', 'mean', 'max', 'last'] };
    const [call] = callsIn(await at.refused('read_history', all));
    expect(call).toMatchObject({ maxEvents: 19_000, from: '-1d', by: [] });
    const told = await answers(at, call ?? {});
    expect(told.length).toBe(2);
    for (const { calls } of told) expect(calls).toBeLessThanOrEqual(21);
    expect(told[0]?.structured['totals']).toBeUndefined();
    expect(told[0]?.text).toContain('A part, not the whole');
    for (const { text } of told) expect(text).not.toContain('No totals');
    const { structured, text = '' } = told[1] ?? {};
    expect(structured).toMatchObject({
      complete: true,
      windows: [{ count: 1_500 }],
      totals: [{ count: 20_500, mean: 49.5, max: 99, last: 99 }],
    });
    expect(text).toContain('All parts added up, which is the whole answer:\n');
    expect(text).toMatch(/count=20500 mean=49\.5 max=99 last=99@/);
  },
);

test('totals of parts are those of one answer, whatever is added up, and where lines of a part are pages of their own', async () => {
  const at = await day(4_000);
  const question = {
    stream: 'plant',
    from: START,
    window: '15m',
    field: 'temp',
    aggregates: ['sum', 'stddev', 'min', 'first', 'last', 'mean'],
  };
  const oldest = (await at.call('read_history', question)).structured['windows'] as Row[];
  const newest = (await at.call('read_history', { ...question, order: 'newest' })).structured['windows'] as Row[];
  for (const more of [{ maxEvents: 700 }, { maxEvents: 1_500, limit: 3 }, { maxEvents: 700, order: 'newest' }]) {
    const whole = 'order' in more ? newest : oldest;
    const told = await answers(at, { ...question, ...more });
    const totals = (told.at(-1)?.structured['totals'] ?? []) as Row[];
    // A deviation is made of squares, whose last digits differ by the order of adding.
    const plain = ({ stddev: _stddev, ...row }: Row) => row;
    expect(totals.map(plain)).toEqual(whole.map(plain));
    for (const [index, { stddev }] of totals.entries())
      expect(stddev).toBeCloseTo(whole[index]?.['stddev'] as number, 9);
  }
  const { structured } = await at.call('read_history', { ...question, maxEvents: 700 });
  const changed = String(structured['cursor']).replace(/^(s.{6}\.)./, (_, head: string) => `${head}~`);
  expect(await at.refused('read_history', { ...question, maxEvents: 700, cursor: changed })).toContain('cursor');
});

test('rows that are too many for a cursor are told as parts', async () => {
  const at = await day(3_000);
  const told = await answers(at, {
    stream: 'plant',
    from: START,
    window: '10s',
    aggregates: ['count'],
    maxEvents: 1_000,
  });
  for (const { structured, text } of told) {
    expect(structured['totals']).toBeUndefined();
    expect(text).toContain('No totals: the rows of all parts are too many.');
  }
  expect(told[0]?.text).toContain('Windows may go on on the next page: add counts and sums');
});

test('totals that an answer has no room for are left out, and it says so', async () => {
  const at = plant();
  const append = (times: number[]) =>
    at.append(
      'plant',
      ...times.map((time) => ({ key: 'a', time, data: { temp: 1, pump: { state: 'on', rpm: null } } })),
    );
  at.clock.now = START + 3_600 * SECOND;
  await append(Array.from({ length: 500 }, (_, n) => START + n));
  await append(Array.from({ length: 400 }, (_, n) => START + n * SECOND));
  await at.project('plant');
  const told = await answers(at, {
    stream: 'plant',
    from: START,
    window: '1s',
    by: [],
    field: 'temp',
    aggregates: ['min', 'max', 'mean', 'sum', 'first', 'last'],
    maxEvents: 500,
  });
  const { structured, text = '' } = told.at(-1) ?? {};
  expect(JSON.stringify(structured).length).toBeLessThan(40_000);
  expect(structured?.['totals']).toBeUndefined();
  expect(text).toContain('No totals');
});

test('a range without a beginning says that older events were trimmed, on the page that begins where the log does', async () => {
  const at = await day(300);
  const question = { stream: 'plant', limit: 40 };
  const before = await at.call('read_history', { ...question, order: 'oldest' });
  expect(before.structured['olderTrimmed']).toBeUndefined();
  expect(before.text).not.toContain('trimmed');
  await at.trim('plant', 100);
  for (const range of [{}, { to: START + 10_000 * SECOND }]) {
    const oldest = await answers(at, { ...question, ...range, order: 'oldest' });
    expect(oldest.map(({ structured }) => structured['olderTrimmed'])).toEqual([true, undefined, undefined]);
    expect(oldest[0]?.text).toContain('older events were trimmed by retention');
    const newest = await answers(at, { ...question, ...range, order: 'newest' });
    expect(newest.map(({ structured }) => structured['olderTrimmed'])).toEqual([undefined, undefined, true]);
  }
  const within = await at.call('read_history', { ...question, from: START + 250 * SECOND });
  expect(within.structured['olderTrimmed']).toBeUndefined();
});

test.each(['timeIn=on', 'longestGap', 'timeWeightedMean', 'increase', 'gaps>5m'])(
  '%s is not told of parts of a log: the printed calls are parts of time, and add up',
  { timeout: 120_000 },
  async (aggregate) => {
    const at = await day(12_000);
    const field = aggregate === 'timeIn=on' ? { field: 'pump.state' } : { field: 'temp' };
    const question = { ...ofPlant, from: START, to: START + 12_000 * SECOND, ...field, aggregates: [aggregate] };
    for (const more of [{}, { maxEvents: 3_000 }]) {
      const why = await at.refused('read_history', { ...question, ...more });
      const calls = callsIn(why);
      expect(calls.length).toBeGreaterThan(1);
      const each = [];
      for (const call of calls) each.push(await at.call('read_history', call));
      const ofA = each.map(({ structured }) => (structured['windows'] as Row[]).find(({ key }) => key === 'a') ?? {});
      const values = ofA.map((row) => Number(row[aggregate]));
      const counts = ofA.map(({ count }) => Number(count)).reduce((sum, count) => sum + count, 0);
      expect(counts).toBe(6_000);
      if (aggregate === 'timeIn=on') expect(values.reduce((sum, ms) => sum + ms, 0)).toBe(6_000 * SECOND);
      // 60 runs of 0 to 98 by twos, each of which begins anew at 0.
      if (aggregate === 'increase') expect(values.reduce((sum, gain) => sum + gain, 0)).toBe(120 * 98);
      if (aggregate === 'longestGap') expect(Math.max(...values)).toBe(2 * SECOND);
    }
  },
);

test('time in a state of windows in parts of time: the parts end with windows', async () => {
  const at = await day(12_000);
  const to = START + 12_000 * SECOND;
  const question = {
    stream: 'plant',
    from: START,
    to,
    window: '10m',
    field: 'pump.state',
    aggregates: ['timeIn=on'],
    keys: ['a'],
  };
  const calls = callsIn(await at.refused('read_history', { ...question, maxEvents: 3_000 }));
  const rows: Row[] = [];
  for (const call of calls) rows.push(...((await at.call('read_history', call)).structured['windows'] as Row[]));
  expect(rows.map((row) => [row['start'], row['timeIn=on']])).toEqual(
    Array.from({ length: 20 }, (_, n) => [START + n * 600 * SECOND, 300 * SECOND]),
  );
});

test('more rows than an answer has: what follows events is refused, and not told of a part', async () => {
  const at = await day(2_400);
  const question = { stream: 'plant', from: START, window: '1s', field: 'pump.state', aggregates: ['timeIn=on'] };
  const why = await at.refused('read_history', question);
  expect(why).toMatch(/timeIn=on follows one event to the next[^]*longer windows/);
  const calls = callsIn(why);
  expect(calls.length).toBeGreaterThan(1);
  for (const call of calls) {
    const last = (await answers(at, call)).at(-1)?.structured;
    expect([last?.['complete'], last?.['ofPart']]).toEqual([true, undefined]);
  }
});

test('time in a state over a range that fits alone is answered, and estimated so, and knows what came before', async () => {
  const at = await day(16_000);
  const question = { ...ofPlant, from: START + 7_000 * SECOND, field: 'pump.state', aggregates: ['timeIn=on'] };
  const { estimate } = (await at.call('read_history', { ...question, estimate: true })).structured as {
    estimate: { fits: boolean; events: number };
  };
  expect(estimate.fits).toBe(true);
  expect(estimate.events).toBeLessThan(10_000);
  const { structured } = await at.call('read_history', question);
  // From 7,000 on: 200 s of the run that began at 6,600 are off, and 15 whole runs of ten minutes follow, of which half is on.
  const on = Array.from({ length: 9_000 }, (_, n) => n + 7_000).filter((n) => n % 600 < 300).length;
  for (const row of structured['windows'] as Row[]) expect(row['timeIn=on']).toBe(on * SECOND);
  const weighed = { ...question, field: 'temp', aggregates: ['increase'], keys: ['a'], from: START + 6_999 * SECOND };
  expect((await at.call('read_history', weighed)).structured['complete']).toBe(true);
});

test('an increase of more keys than are looked for before the range is refused, and not told without what came before', async () => {
  const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);
  const at = await day(24_000, (n) => `k${n % keys.length}`);
  const question = { ...ofPlant, field: 'temp', aggregates: ['increase'], from: START + 5_500 * SECOND, keys };
  expect(await at.refused('read_history', question)).toContain('increase follows one event to the next');
  const few = { ...question, keys: keys.slice(0, 2) };
  expect((await at.call('read_history', few)).structured['complete']).toBe(true);
});

test('a mean that a double holds is right though the sum is beyond it, of which the answer tells, in parts too', async () => {
  const at = plant();
  const pump = { state: 'on', rpm: null };
  const values = [1.5e308, 1.5e308, 1.5e308, -1.5e308];
  await at.append('plant', ...values.map((temp, n) => ({ key: 'a', time: START + n, data: { temp, pump } })));
  at.clock.now = START + SECOND;
  const aggregates = ['sum', 'mean', 'stddev', 'max'];
  const question = { ...ofPlant, from: START, field: 'temp', by: [], aggregates };
  const first = { ...question, to: START + 3 };
  const note = 'Left out of rows, and of top, as beyond the greatest number (1.8e308): sum.';

  const { structured, text } = await at.call('read_history', first);
  const [row] = structured['windows'] as Row[];
  expect(row).toMatchObject({ count: 3, mean: 1.5e308, stddev: 0, max: 1.5e308 });
  expect(row).not.toHaveProperty('sum');
  expect(structured['notes']).toContain(note);
  expect(text).toContain(note);
  const all = await at.call('read_history', question);
  expect((all.structured['windows'] as Row[])[0]).toMatchObject({ mean: 0.75e308 });

  const asked = { ...first, aggregates: ['sum', 'mean', 'stddev'], maxEvents: 1 };
  const parts = await answers(at, asked);
  expect(parts[0]?.text).not.toContain('Left out');
  // The sum of the first two, which the next cursor cannot bring.
  expect(parts[1]?.structured['notes']).toContain(note);
  expect(parts[1]?.structured['totals']).toMatchObject([{ count: 2, mean: 1.5e308, stddev: 0 }]);

  const ranked = await at.call('read_history', { ...question, top: { n: 1, by: 'sum' } });
  expect(ranked.structured).toMatchObject({ windows: [], notes: expect.arrayContaining([note]) });
});
