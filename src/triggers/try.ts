/**
 * A dry run: when a condition would have begun to hold in the past, by the events that its streams still have. It judges each
 * event as if it had come when it happened, begins before the range with as much as the condition reaches back, and an hour at
 * least, and writes nothing.
 */
import type { DeclaredTrigger } from '../declare/trigger.ts';
import type { Scope } from '../streams/scope.ts';
import type { Moment } from './judging/moment.ts';
import { conditionPlan } from './judging/plan.ts';
import { reachMs, replayed } from './judging/replay.ts';
import { readPast } from './past.ts';

interface Trial {
  /** How often it would have begun to hold within the range. */
  count: number;
  /** The first of these. */
  moments: Moment[];
  /** Events that were judged, those before the range with them. */
  events: number;
  /** Epoch ms before which the streams were not looked at, because there is more than is looked at; null: all was. */
  readFrom: number | null;
}

interface TrialAsked {
  /** Epoch ms, inclusive and exclusive. */
  from: number;
  to: number;
  /** Most moments that are answered. */
  most: number;
  /** Most entries of each stream that are looked at, the newest; default 50,000. */
  entries?: number;
  /** Epoch ms. What is not read by then is not looked at. */
  deadline: number;
}

const MOST_ENTRIES = 50_000;
const LEAST_REACH_MS = 3_600_000;

/** One store call for each 1,000 entries that came since the range began. */
export async function tryCondition(
  scope: Scope,
  { when, on, cooldownMs = 0 }: Pick<DeclaredTrigger, 'when' | 'on'> & Partial<Pick<DeclaredTrigger, 'cooldownMs'>>,
  { from, to, most, entries = MOST_ENTRIES, deadline }: TrialAsked,
): Promise<Trial> {
  const plan = conditionPlan({ when, on });
  const begunAt = from - Math.max(LEAST_REACH_MS, reachMs(plan));
  const { events, readFrom } = await readPast(scope, plan.streams, begunAt, { most: entries, deadline });
  const within = events.filter(({ event }) => event.time >= begunAt && event.time < to);
  const trial: Trial = { count: 0, moments: [], events: within.length, readFrom };
  for (const moment of replayed(plan, { cooldownMs, tellsEnds: false }, within, begunAt, to)) {
    if (moment.became !== 'holding' || moment.time < from) continue;
    trial.count += 1;
    if (trial.moments.length < most) trial.moments.push(moment);
  }
  return trial;
}
