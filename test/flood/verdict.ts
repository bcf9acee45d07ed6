/** What is wrong with how a server came through a flood. */
import type { FloodReport } from './flood.ts';

export const MOST_RSS_MIB = 400;
export const MOST_P99_MS = 1_000;
const MOST_REFUSED = 0.01;
const MOST_REFUSED_SHORT = 0.1;

/** A flood begins with a stall, which is most of a short one: what good clients wait is judged from this length on. */
export const JUDGED_SECONDS = 60;

/**
 * @param isWhole the server and its store are one process with a core of its own. Else the store shares its core with all clients,
 * and what good ones wait says little of the server; and its heap is bounded, so that too much ends it. Its memory is told.
 */
export function floodVerdict({ asked, rssMiB, ended }: FloodReport, seconds: number, isWhole = true): string[] {
  const isJudged = isWhole && seconds >= JUDGED_SECONDS;
  const served = asked.filter(({ status }) => status !== null && status < 400);
  const refused = asked.length - served.length;
  const p99 = percentile(
    asked.map(({ ms }) => ms),
    0.99,
  );
  return [
    ...(ended === null ? [] : [`the server ended: ${ended}`]),
    ...(!isWhole || rssMiB <= MOST_RSS_MIB ? [] : [`it took ${rssMiB} MiB, more than ${MOST_RSS_MIB}`]),
    ...(!isJudged || p99 <= MOST_P99_MS
      ? []
      : [`good clients waited ${p99.toFixed(0)} ms (p99), more than ${MOST_P99_MS}`]),
    ...(refused <= asked.length * (isJudged ? MOST_REFUSED : MOST_REFUSED_SHORT)
      ? []
      : [`${refused} of ${asked.length} questions of good clients were refused`]),
    ...(served.length > 0 ? [] : ['good clients were never served']),
  ];
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.POSITIVE_INFINITY;
}
