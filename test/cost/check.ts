/** Holds the model against workloads that really run, on stores that count. */
import type { EngineName } from './engines.ts';
import { usageOf } from './model.ts';
import type { Measured } from './measured.ts';
import { replay } from './replay.ts';
import type { Spent } from './spent.ts';
import { USUAL, type Workload } from './workload.ts';

/** What each engine can tell. Processor time is no part of it: it is as the machine is busy. */
const TOLD: Readonly<Record<EngineName, readonly (keyof Spent)[]>> = {
  memory: ['requests', 'storeCalls', 'answerBytes'],
  redis: ['redisCommands', 'redisBytes'],
  dynamodb: ['readUnits', 'writeUnits'],
};

/** The model may be off by so much. */
export const MOST_OFF = 0.15;

export interface Compared {
  what: keyof Spent;
  real: number;
  model: number;
  /** The share by which the model is off. */
  off: number;
}

export async function compare(
  workload: Workload,
  forMs: number,
  engine: EngineName,
  measured: Measured,
): Promise<Compared[]> {
  const real = await replay(workload, forMs, engine);
  const model = usageOf(workload, measured, forMs);
  return TOLD[engine].map((what) => ({
    what,
    real: real[what],
    model: model[what],
    off: Math.abs(model[what] - real[what]) / real[what],
  }));
}

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;

/** The virtual hours of `--check`. Engines that answer over HTTP run those with fewer polls. */
export const CHECKS: readonly { engine: EngineName; workload: Workload; forMs: number }[] = [
  { engine: 'memory', workload: { ...USUAL, agents: 100, pollMs: 5 * SECOND_MS }, forMs: HOUR_MS },
  { engine: 'memory', workload: { ...USUAL, agents: 1_000, poll: 'events/poll' }, forMs: HOUR_MS },
  {
    engine: 'memory',
    workload: { ...USUAL, agents: 1_000, eventsPerSecond: 100, poll: 'read_history' },
    forMs: HOUR_MS / 6,
  },
  { engine: 'redis', workload: { ...USUAL, agents: 100, pollMs: 30 * SECOND_MS }, forMs: HOUR_MS },
  {
    engine: 'redis',
    workload: { ...USUAL, agents: 1_000, pollMs: 300 * SECOND_MS, poll: 'events/poll', eventsPerSecond: 1 },
    forMs: HOUR_MS,
  },
  { engine: 'dynamodb', workload: { ...USUAL, agents: 100, pollMs: 60 * SECOND_MS }, forMs: HOUR_MS },
  {
    engine: 'dynamodb',
    workload: { ...USUAL, agents: 1_000, pollMs: 600 * SECOND_MS, poll: 'events/poll', eventsPerSecond: 1 },
    forMs: HOUR_MS,
  },
];
