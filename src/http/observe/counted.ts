/**
 * Counters and histograms of this process. The number of their series is bounded whatever is asked: what comes beyond the bound counts
 * as `other`. Nothing of a caller's becomes a label as it is.
 */
import type { Family, Labels } from './exposition.ts';

export const OTHER = 'other';
/** Of each family. */
const MOST_SERIES = 500;

/** Seconds. */
export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

interface Described {
  name: string;
  help: string;
  /** Names of the labels, in the order in which values are given. */
  labels: readonly string[];
}

interface MetricCounter {
  add(amount: number, ...values: readonly string[]): void;
  family(): Family;
}

interface Durations {
  /** @param ms one that is not finite, or below 0 as where a clock was set back, counts as 0 */
  observe(ms: number, ...values: readonly string[]): void;
  family(): Family;
}

/** A separator that no value has: names of tools, methods and routes are visible ASCII. */
const BETWEEN = '\u0000';

function createSeries<Value>(labels: readonly string[], make: () => Value) {
  const known = new Map<string, Value>();
  return {
    of(values: readonly string[]): Value {
      const key = values.length === 1 ? (values[0] ?? '') : values.join(BETWEEN);
      const found = known.get(key);
      if (found !== undefined) return found;
      const kept = known.size < MOST_SERIES ? key : labels.map(() => OTHER).join(BETWEEN);
      const made = known.get(kept) ?? make();
      known.set(kept, made);
      return made;
    },
    all(): { labels: Labels; value: Value }[] {
      return [...known].map(([key, value]) => {
        const values = key.split(BETWEEN);
        return { labels: Object.fromEntries(labels.map((name, at) => [name, values[at] ?? ''])), value };
      });
    },
  };
}

export function createCounter({ name, help, labels }: Described): MetricCounter {
  const series = createSeries(labels, () => ({ total: 0 }));
  return {
    add(amount, ...values) {
      series.of(values).total += amount;
    },
    family: () => {
      const samples = series.all().map(({ labels, value }) => ({ labels, value: value.total }));
      return { name, help, type: 'counter', samples };
    },
  };
}

export function createDurations({ name, help, labels }: Described): Durations {
  const bounds = DURATION_BOUNDS;
  const series = createSeries(labels, () => ({ counts: [...bounds, 0].map(() => 0), sum: 0 }));
  return {
    observe(ms, ...values) {
      const seconds = ms > 0 && Number.isFinite(ms) ? ms / 1_000 : 0;
      const found = series.of(values);
      let at = 0;
      while (at < bounds.length && seconds > (bounds[at] ?? 0)) at += 1;
      found.counts[at] = (found.counts[at] ?? 0) + 1;
      found.sum += seconds;
    },
    family: () => ({
      name,
      help,
      type: 'histogram',
      bounds,
      samples: series.all().map(({ labels, value }) => ({ labels, ...value })),
    }),
  };
}
