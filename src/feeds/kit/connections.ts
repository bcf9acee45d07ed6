/**
 * Judges the connections of a burst that listens. A source may accept connections and end each after some seconds, with
 * nothing sent: such a burst has failed, also where a connection happens to stand when its time is over. Pure.
 */
import type { BurstContext } from '../../declare/feed.ts';
import type { TidegateError } from '../../base/errors.ts';

/**
 * A connection that has stood for so long, ms, was a good one, also where nothing came. Proxies and servers that end idle
 * connections wait at least as long.
 */
export const STEADY_MS = 30_000;

/** A connection that is held, brought something and has stood for so long, ms, ends a row of failures. */
export const PROVEN_MS = 5_000;

export interface ConnectionJudge {
  /** Takes note of a connection that was lost. Answers whether it was a good one. */
  lost(connection: { brought: boolean; stoodMs: number; error: TidegateError }): boolean;
  /**
   * Why a burst that ends now has failed; null where it has not: a connection was good, none was lost, or the one that
   * stands has outlived those that were lost.
   */
  failure(last: { brought: boolean; stoodMs: number }): TidegateError | null;
}

/** In a burst that ends, half of its time is enough. */
export function judgeConnections({ hold, budget }: Pick<BurstContext, 'hold' | 'budget'>): ConnectionJudge {
  const goodMs = hold ? STEADY_MS : Math.min(STEADY_MS, budget.timeMs / 2);
  let anyWasGood = false;
  let longest: { stoodMs: number; error: TidegateError } | null = null;

  const isGood = ({ brought, stoodMs }: { brought: boolean; stoodMs: number }) => brought || stoodMs >= goodMs;
  return {
    lost(connection) {
      const wasGood = isGood(connection);
      anyWasGood ||= wasGood;
      if (connection.stoodMs >= (longest?.stoodMs ?? 0)) longest = connection;
      return wasGood;
    },
    failure(last) {
      if (longest === null || anyWasGood || isGood(last) || last.stoodMs > longest.stoodMs) return null;
      return longest.error;
    },
  };
}
