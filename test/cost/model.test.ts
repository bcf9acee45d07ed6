/** The cost model beside what really runs, in its small form: ten agents, virtual minutes. `npm run cost -- --check` has hours of it. */
import { describe, expect, test } from 'vitest';
import { PRICES } from '../../src/operate/work/prices.ts';
import { billOf } from './bill.ts';
import { CHECKS, compare, MOST_OFF } from './check.ts';
import { endsOf, endsOfMcpAgent } from './ends.ts';
import { MEASURED } from './measured.ts';
import { minuteOf, usageOf } from './model.ts';
import { readOptions } from './options.ts';
import { mcpAgentBill } from './others.ts';
import { AWS_DYNAMODB, UPSTASH_REDIS } from './prices.ts';
import { SPENT_NAMES } from './spent.ts';
import { MINUTE_MS, POLLS, USUAL } from './workload.ts';

describe('ten agents for four minutes', () => {
  test.each(POLLS.flatMap((poll) => [0.1, 5].map((eventsPerSecond) => ({ poll, eventsPerSecond }))))(
    '$poll beside $eventsPerSecond events a second: calls, requests and bytes are those of the model',
    async ({ poll, eventsPerSecond }) => {
      const workload = { ...USUAL, agents: 10, pollMs: 15_000, poll, eventsPerSecond };
      const compared = await compare(workload, 4 * MINUTE_MS, 'memory', MEASURED);
      expect(compared.filter(({ off }) => !(off <= MOST_OFF))).toEqual([]);
      expect(compared.map(({ real }) => real > 0)).toEqual([true, true, true]);
    },
  );

  test('a model of other agents is off', async () => {
    const workload = { ...USUAL, agents: 10, pollMs: 15_000 };
    const [, calls] = await compare(workload, 4 * MINUTE_MS, 'memory', {
      ...MEASURED,
      polls: { ...MEASURED.polls, [workload.poll]: MEASURED.polls.read_history },
    });
    expect(calls?.off).toBeGreaterThan(MOST_OFF);
  });
});

test('a minute lies between those that were measured, and beyond the last in proportion', () => {
  for (const { events, spent } of MEASURED.minutes) {
    const model = minuteOf(events, MEASURED);
    for (const name of SPENT_NAMES) expect(model[name]).toBeCloseTo(spent[name], 6);
  }
  const [last, former] = MEASURED.minutes.toReversed();
  const slope =
    ((last?.spent.writeUnits ?? 0) - (former?.spent.writeUnits ?? 0)) / ((last?.events ?? 0) - (former?.events ?? 0));
  const further = minuteOf((last?.events ?? 0) + 1_000, MEASURED).writeUnits;
  expect(further).toBeCloseTo((last?.spent.writeUnits ?? 0) + 1_000 * slope, 6);
});

test('a bill is made of its lines, grows with agents and falls with pauses', () => {
  for (const [platform, store] of [
    ['workers', 'redis'],
    ['lambda', 'dynamodb'],
    ['node', 'sqlite'],
  ] as const) {
    const usd = (agents: number, pollMs: number) => billOf({ ...USUAL, agents, pollMs }, MEASURED, platform, store);
    const { lines, usd: all } = usd(1e5, 5_000);
    expect(lines.reduce((sum, line) => sum + line.usd, 0)).toBeCloseTo(all, 6);
    expect(usd(1e6, 5_000).usd).toBeGreaterThan(5 * all);
    expect(usd(1e5, 300_000).usd).toBeLessThan(all / 5);
  }
});

test('the first million requests of Lambda cost nothing, and a million commands of Redis cost 2 USD', () => {
  const lambda = billOf({ ...USUAL, agents: 1, eventsPerSecond: 0 }, MEASURED, 'lambda', 'dynamodb');
  expect(lambda.lines.map(({ what }) => what)).toEqual(['DynamoDB reads', 'DynamoDB writes']);
  const workers = billOf(USUAL, MEASURED, 'workers', 'redis');
  const commands = usageOf(USUAL, MEASURED).redisCommands;
  expect(workers.lines.find(({ what }) => what === 'Redis commands')?.usd).toBeCloseTo((commands / 1e6) * 2, 6);
  expect(mcpAgentBill({ ...USUAL, agents: 1, eventsPerSecond: 0 }, MEASURED).usd).toBe(5);
});

test('limits end what exceeds them, and nothing below', () => {
  const many = { ...USUAL, agents: 1_000_000, pollMs: 5_000 };
  expect(endsOf(USUAL, MEASURED, 'workers', 'redis')).toEqual([]);
  expect(endsOf(many, MEASURED, 'workers', 'redis').map(({ what }) => what)).toEqual(['Redis commands a second']);
  expect(endsOf(many, MEASURED, 'lambda', 'dynamodb').length).toBeGreaterThan(2);
  expect(endsOfMcpAgent(USUAL)).toEqual([]);
  expect(endsOfMcpAgent(many)).toHaveLength(1);
});

test('prices that the package knows are the same', () => {
  expect(PRICES['dynamodb']?.usdPerRead).toBe(AWS_DYNAMODB.readUnits.usd);
  expect(PRICES['dynamodb']?.usdPerWrite).toBe(2 * AWS_DYNAMODB.writeUnits.usd);
  expect(PRICES['redis']?.usdPerStoredGb).toBe(UPSTASH_REDIS.storedGb.usd);
});

test('options are read, and a wrong one is named', () => {
  const { workload, platform, store } = readOptions(['--agents', '1e6', '--every', '5', '--platform', 'lambda']);
  expect({ ...workload, platform, store }).toEqual({
    ...USUAL,
    agents: 1e6,
    pollMs: 5_000,
    platform: 'lambda',
    store: 'dynamodb',
  });
  expect(() => readOptions(['--agents', 'many'])).toThrow('--agents');
  expect(() => readOptions(['--platform', 'mainframe'])).toThrow('workers, lambda, node');
  expect(() => readOptions(['--store', 'sqlite'])).toThrow('--platform node');
  expect(CHECKS.map(({ engine }) => engine)).toContain('dynamodb');
});
