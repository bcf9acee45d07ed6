/**
 * `rate` measures how fast a number changes, by event time. It remembers the earliest value of each eighth of the
 * window, so its state is bounded however many values come. A late value is put at the place of its event time.
 */
import type { Rate, RateUnit } from '../../declare/condition.ts';
import { boundedNumber, numberAt, pathOf } from '../../base/field-path.ts';
import { isBeyond } from './bound.ts';
import { happenedAt, type Rule } from './rule.ts';

/** Number of parts of a window. One value is remembered for each. */
export const RATE_PARTS = 8;

type Sample = [time: number, value: number];

type Measured = {
  newest: Sample;
  /** Ordered by time, one for each part. The newest is compared with the first, once the first is old enough. */
  samples: Sample[];
};

const UNIT_MS: Record<RateUnit, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export const rateRule: Rule<Rate, Measured> = {
  judge(condition, before, event, at) {
    const value = numberAt(event.data, pathOf(condition.field));
    if (value === null) return null;
    const sample: Sample = [happenedAt(event, at), value];
    const standing = before?.memory.newest ?? sample;
    const newest = standing[0] > sample[0] ? standing : sample;
    const horizon = newest[0] - condition.overMs;
    const taken = include(before?.memory.samples ?? [], sample, condition.overMs);
    const first = Math.max(
      0,
      taken.findLastIndex(([time]) => time <= horizon),
    );
    const samples = taken.slice(first);
    const [from] = samples;
    const held = before?.holds ?? false;
    const memory = { newest, samples };
    if (from === undefined || from[0] > horizon) return { holds: held, lapsed: false, memory, value: null };
    const rate = boundedNumber(((newest[1] - from[1]) / (newest[0] - from[0])) * UNIT_MS[condition.per]);
    return { holds: isBeyond(condition, rate, held), lapsed: false, memory, value: rate };
  },
  latest: ({ newest: [time] }) => time,
};

function include(samples: readonly Sample[], sample: Sample, overMs: number): readonly Sample[] {
  const part = partOf(sample, overMs);
  const same = samples.findIndex((other) => partOf(other, overMs) === part);
  const standing = samples[same];
  if (standing !== undefined) return standing[0] <= sample[0] ? samples : samples.with(same, sample);
  const place = samples.findLastIndex(([time]) => time < sample[0]) + 1;
  return samples.toSpliced(place, 0, sample);
}

function partOf([time]: Sample, overMs: number): number {
  return Math.floor(time / Math.max(1, Math.ceil(overMs / RATE_PARTS)));
}
