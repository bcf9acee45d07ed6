/**
 * Computes aggregates from the samples of one window of one group, which come in order of time (of equal times, in
 * order of arrival). Pure. Null means "not known". A number that is more than a double holds is infinite.
 *
 * - A percentile is interpolated linearly between the two nearest ranks: rank p (n - 1) of the sorted values.
 * - The standard deviation is that of the population (divided by n).
 * - An increase is the gain of a counter, from the value before the window where that is known. A value that is less
 *   than the one before it means that the counter began again at 0.
 * - In a time-weighted mean, and in the time in a state, each value holds until the next one, and the last value until the
 *   window's end.
 * - Of values that are no numbers the samples have codes (window-values.ts).
 * - Gaps are the times without an event within the window. Its edges count as events.
 */
export interface Sample {
  time: number;
  value: number;
}

interface WindowSpan {
  /** Epoch ms. Together with `end`: the part of a window that lies in the range and has passed. */
  start: number;
  end: number;
}

/**
 * @param sorted values in ascending order
 * @param part 0 to 1
 */
export function percentile(sorted: readonly number[], part: number): number | null {
  const rank = part * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)];
  const upper = sorted[Math.ceil(rank)];
  if (lower === undefined || upper === undefined) return null;
  const share = rank - Math.floor(rank);
  // This form cannot overflow, and equal values stay exact.
  return lower === upper ? lower : lower * (1 - share) + upper * share;
}

export function stddev(samples: readonly Sample[]): number | null {
  if (samples.length === 0) return null;
  let mean = 0;
  for (const [index, { value }] of samples.entries()) mean = meanWith(mean, value, 1 / (index + 1));
  const around = (scale: number) => {
    let squares = 0;
    for (const { value } of samples) squares += (value / scale - mean / scale) ** 2;
    return Math.sqrt(squares / samples.length) * scale;
  };
  const plain = around(1);
  if (Number.isFinite(plain)) return plain;
  // Squares of numbers beyond 1e154 are more than a double holds, though their root is not.
  let greatest = 0;
  for (const { value } of samples) greatest = Math.max(greatest, Math.abs(value));
  return around(greatest);
}

/** The mean after one more value, whose part of the whole is given. It is right wherever a double holds both. */
export function meanWith(mean: number, value: number, part: number): number {
  const step = value - mean;
  return Number.isFinite(step) ? mean + step * part : mean * (1 - part) + value * part;
}

export function increase(samples: readonly Sample[], before: Sample | null): number | null {
  let last = before?.value ?? null;
  let gained = 0;
  for (const { value } of samples) {
    if (last !== null) gained += value >= last ? value - last : value;
    last = value;
  }
  if (last === null) return null;
  const values = before === null ? samples : [before, ...samples];
  const decimals = values.reduce((most, { value }) => Math.max(most, decimalsOf(value)), 0);
  return Number(gained.toFixed(decimals));
}

/** Digits behind the point, as many as can be rounded to. A sum of numbers has no more of them than the numbers. */
function decimalsOf(value: number): number {
  const [, digits = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:e(.+))?$/.exec(String(value)) ?? [];
  return Math.min(100, Math.max(0, digits.length - Number(exponent)));
}

/** Null where no value was known while time passed. */
export function timeWeightedMean(samples: readonly Sample[], before: Sample | null, span: WindowSpan): number | null {
  let held = 0;
  let mean = 0;
  for (const { value, length } of holdsOf(samples, before, span)) {
    held += length;
    mean = meanWith(mean, value, length / held);
  }
  return held > 0 ? mean : null;
}

/** How long the value stood, ms. Null where no value was known while time passed. */
export function timeIn(
  wanted: number,
  samples: readonly Sample[],
  before: Sample | null,
  span: WindowSpan,
): number | null {
  const holds = holdsOf(samples, before, span);
  if (holds.length === 0) return null;
  return holds.reduce((sum, { value, length }) => sum + (value === wanted ? length : 0), 0);
}

export function distinctCount(samples: readonly Sample[]): number {
  return new Set(samples.map(({ value }) => value)).size;
}

/** How long each value held within a window, in order: until the next one, and the last until the window's end. */
function holdsOf(samples: readonly Sample[], before: Sample | null, { start, end }: WindowSpan) {
  const holds: { value: number; length: number }[] = [];
  let standing = before?.value ?? null;
  let since = start;
  const hold = (until: number) => {
    if (standing !== null && until > since) holds.push({ value: standing, length: until - since });
    since = Math.max(since, until);
  };
  for (const { time, value } of samples) {
    hold(time);
    standing = value;
  }
  hold(end);
  return holds;
}

export interface Gaps {
  longest: number;
  lengths: number[];
}

export function gapsBetween(samples: readonly Pick<Sample, 'time'>[], { start, end }: WindowSpan): Gaps {
  const lengths: number[] = [];
  let since = start;
  for (const { time } of [...samples, { time: end }]) {
    if (time > since) lengths.push(time - since);
    since = Math.max(since, time);
  }
  let longest = 0;
  for (const length of lengths) longest = Math.max(longest, length);
  return { longest, lengths };
}

export function rate(first: Sample, last: Sample, perMs: number): number | null {
  const passed = last.time - first.time;
  return passed > 0 ? ((last.value - first.value) / passed) * perMs : null;
}
