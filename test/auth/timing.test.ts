/**
 * Nobody can tell by the time of an answer whether a handle is another's or nobody's. Calls of both kinds take turns, in a
 * random order within each pair, so that a machine that slows down slows both. Compared are ranks, of which a few slow calls
 * move little: the share of pairs in which another's took longer (Mann-Whitney), which is a half where there is no difference.
 */
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../src/store/drivers/open.ts';
import { openNodeStore } from '../../src/hosts/node/store.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { startEngine } from '../services/engine.ts';
import { call, type CallerName, matrixStage, otherThan, type Seeds } from './callers.ts';
import { answerOf, modern, type Sent } from './messages.ts';

const whole = process.env['TIDEGATE_TEST_ALL'] === 'true';
/** Of both kinds together. */
const CALLS = whole ? 10_000 : 400;
const WARM = 50;
/** Five standard deviations of the share where there is no difference: sqrt((n + m + 1) / (12 n m)), with half of the calls each. */
const BOUND = 5 * Math.sqrt((CALLS + 1) / (12 * (CALLS / 2) ** 2));

const read = (uri: string): Sent => ({ method: 'resources/read', params: { uri } });
const ASKED: Readonly<Record<string, readonly [(seeds: Seeds) => string, (handle: string) => Sent]>> = {
  'tasks/get': [({ book }) => book, (taskId) => ({ method: 'tasks/get', params: { taskId } })],
  'tasks/cancel': [({ agree }) => agree, (taskId) => ({ method: 'tasks/cancel', params: { taskId } })],
  get_task: [({ book }) => book, (task) => call('get_task', { task })],
  read_result: [({ handle }) => handle, (handle) => call('read_result', { handle })],
  'result://': [({ handle }) => handle, (handle) => read(`result://${handle}/1`)],
  'task://': [({ book }) => book, (task) => read(`task://${task}/pages/1`)],
};

async function storeOf(kind: string): Promise<Store> {
  if (kind === 'memory') return createMemoryStore();
  const engine = await startEngine('sqlite');
  onTestFinished(engine.stop);
  const store = await openNodeStore(
    readConfig(engine.environment, 'sqlite'),
    nodeRuntime(() => {}),
    'timing',
  );
  onTestFinished(() => store.close());
  return store;
}

/** Deterministic, so that a run can be repeated. */
function coin(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >= 2 ** 31;
  };
}

/** The share of pairs of a value of each list in which the first is the greater; equal values count half. */
function shareOfGreater(first: readonly number[], second: readonly number[]): number {
  const all = [...first.map((value) => ({ value, own: 1 })), ...second.map((value) => ({ value, own: 0 }))];
  const sorted = all.toSorted((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (sorted[to]?.value === sorted[from]?.value) to += 1;
    const own = sorted.slice(from, to).filter((each) => each.own === 1).length;
    ranks += (own * (from + 1 + to)) / 2;
    from = to;
  }
  return (ranks - (first.length * (first.length + 1)) / 2) / (first.length * second.length);
}

test('the measure finds a difference that is there', () => {
  const flip = coin(7);
  const noise = () => (flip() ? 1 : 0) + (flip() ? 2 : 0) + (flip() ? 4 : 0);
  const sample = (more: number) => Array.from({ length: CALLS / 2 }, () => noise() + more);
  expect(Math.abs(shareOfGreater(sample(0), sample(0)) - 0.5)).toBeLessThan(BOUND);
  expect(shareOfGreater(sample(2), sample(0)) - 0.5).toBeGreaterThan(BOUND);
  expect(shareOfGreater([1, 2, 2], [2, 0, 5])).toBeCloseTo(4 / 9);
});

test.each(['memory', 'sqlite'])('on %s', { timeout: 560_000 }, async (kind) => {
  const { host, headers, seeds } = await matrixStage(await storeOf(kind));
  const shares: Record<string, number> = {};
  for (const [name, [handleOf, sent]] of Object.entries(ASKED)) {
    for (const caller of ['wrong tenant', 'wrong subject'] as const) {
      const known = handleOf(seeds);
      shares[`${name} ${caller}`] = await compared((handle) => timeOf(caller, sent(handle)), known, otherThan(known));
    }
  }
  if (whole) console.table(shares);
  const told = Object.entries(shares).filter(([, share]) => Math.abs(share - 0.5) >= BOUND);
  expect(Object.fromEntries(told)).toEqual({});

  async function timeOf(caller: CallerName, message: Sent): Promise<number> {
    const request = modern(message, headers[caller]);
    const from = performance.now();
    const { status } = await answerOf(host, request);
    const took = performance.now() - from;
    expect(status).toBe(200);
    return took;
  }
});

async function compared(time: (handle: string) => Promise<number>, another: string, none: string): Promise<number> {
  const flip = coin(another.length);
  const times: Record<string, number[]> = { [another]: [], [none]: [] };
  for (let pair = -WARM; pair < CALLS / 2; pair += 1) {
    for (const handle of flip() ? [another, none] : [none, another]) {
      const took = await time(handle);
      if (pair >= 0) times[handle]?.push(took);
    }
  }
  return shareOfGreater(times[another] ?? [], times[none] ?? []);
}
