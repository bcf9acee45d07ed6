/** Compares a number with a bound. Within a band behind the bound (the hysteresis) the earlier result stays. Pure. */
import type { Bound } from '../../declare/condition.ts';

export type Banded = Bound & { hysteresis?: number };

/** A bound and its direction, with the end of the band. */
interface Side {
  is: 'above' | 'atLeast' | 'below' | 'atMost';
  bound: number;
  /** The end of the band: where a condition that holds ceases. */
  back: number;
}

export function sideOf({ above, atLeast, below, atMost, hysteresis = 0 }: Banded): Side {
  if (above !== undefined) return { is: 'above', bound: above, back: rounded(above - hysteresis) };
  if (atLeast !== undefined) return { is: 'atLeast', bound: atLeast, back: rounded(atLeast - hysteresis) };
  if (below !== undefined) return { is: 'below', bound: below, back: rounded(below + hysteresis) };
  return { is: 'atMost', bound: atMost, back: rounded(atMost + hysteresis) };
}

/** @param held whether the number was beyond the bound before; if it was, the end of the band decides */
export function isBeyond(condition: Banded, value: number, held: boolean): boolean {
  const { is, bound, back } = sideOf(condition);
  const limit = held ? back : bound;
  if (is === 'above') return value > limit;
  if (is === 'atLeast') return value >= limit;
  return is === 'below' ? value < limit : value <= limit;
}

/** Whether two numbers differ by at least `least`. The rounding error of decimals in a double is allowed for. */
export function differsBy(from: number, to: number, least: number): boolean {
  const lost = 4 * Number.EPSILON * Math.max(Math.abs(from), Math.abs(to));
  return from !== to && Math.abs(to - from) >= least - lost;
}

/** Removes the rounding error of a double: 0.3 - 0.1 becomes 0.2 rather than 0.19999999999999998. */
function rounded(value: number): number {
  return Number(value.toPrecision(15));
}
