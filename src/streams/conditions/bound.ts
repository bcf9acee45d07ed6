/** Numbers beyond a bound, with a band in which they stay what they were. Pure. */
import type { Bound } from '../../declare/condition.ts';

export type Banded = Bound & { hysteresis?: number };

/** What a number is compared with once the condition holds: the bound, moved back by the band. */
export interface Side {
  is: 'above' | 'atLeast' | 'below' | 'atMost';
  bound: number;
  /** Where it ceases. */
  back: number;
}

export function sideOf({ above, atLeast, below, atMost, hysteresis = 0 }: Banded): Side {
  if (above !== undefined) return { is: 'above', bound: above, back: rounded(above - hysteresis) };
  if (atLeast !== undefined) return { is: 'atLeast', bound: atLeast, back: rounded(atLeast - hysteresis) };
  if (below !== undefined) return { is: 'below', bound: below, back: rounded(below + hysteresis) };
  return { is: 'atMost', bound: atMost, back: rounded(atMost + hysteresis) };
}

/** @param held whether it was beyond before: then up to the far end of the band. */
export function isBeyond(condition: Banded, value: number, held: boolean): boolean {
  const { is, bound, back } = sideOf(condition);
  const limit = held ? back : bound;
  if (is === 'above') return value > limit;
  if (is === 'atLeast') return value >= limit;
  return is === 'below' ? value < limit : value <= limit;
}

/** Whether two numbers differ by at least so much; what decimals lose in a double does not count against it. */
export function differsBy(from: number, to: number, least: number): boolean {
  const lost = 4 * Number.EPSILON * Math.max(Math.abs(from), Math.abs(to));
  return from !== to && Math.abs(to - from) >= least - lost;
}

/** 0.3 less 0.1 is 0.2, and not 0.19999999999999998. */
function rounded(value: number): number {
  return Number(value.toPrecision(15));
}
