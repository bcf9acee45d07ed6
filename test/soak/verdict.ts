/** What a soak promises, held against its report. */
import { median } from '../bench/print.ts';
import type { Sample } from './server.ts';
import type { SoakReport } from './soak.ts';

/** Memory and descriptors of the last fifth of a life, against those of its second: the first is warming up. */
const GROWTH = { rss: 1.25, rssMiB: 20, descriptors: 20 };
/** Fewer samples say nothing of growth. */
const FEWEST_SAMPLES = 60;
const MOST_RSS_MIB = 400;

/** What is wrong; empty where every promise held. */
export function soakVerdict({ outcomes, samples, streams, tasks, found }: SoakReport): string[] {
  const wrong = [...outcomes.wrong].map(([what, times]) => `${times} × ${what}`);
  for (const [name, { lost, doubled, expected }] of Object.entries(streams)) {
    if (expected === 0) wrong.push(`${name}: nothing came`);
    if (lost > 0) wrong.push(`${name}: ${lost} lost of ${expected}`);
    if (doubled > 0) wrong.push(`${name}: ${doubled} doubled`);
  }
  if (tasks.begun === 0) wrong.push('no task was begun');
  if (tasks.notDone > 0) wrong.push(`${tasks.notDone} tasks of ${tasks.begun} did not end`);
  if (tasks.wrong > 0) wrong.push(`${tasks.wrong} tasks of ${tasks.begun} ended wrongly`);
  const peak = Math.max(...samples.map(({ rssMiB }) => rssMiB));
  if (peak > MOST_RSS_MIB) wrong.push(`${peak.toFixed(0)} MiB of memory, of ${MOST_RSS_MIB}`);
  return [...wrong, ...growthOf(samples), ...found];
}

/** Of the longest life alone: others are too short to grow. */
function growthOf(samples: readonly Sample[]): string[] {
  const { early, late } = phases(samples);
  if (early === null || late === null) return [];
  const grown: string[] = [];
  if (late.rssMiB > early.rssMiB * GROWTH.rss + GROWTH.rssMiB) {
    grown.push(`memory grew from ${early.rssMiB.toFixed(0)} to ${late.rssMiB.toFixed(0)} MiB`);
  }
  if (late.descriptors > early.descriptors + GROWTH.descriptors) {
    grown.push(`descriptors grew from ${early.descriptors} to ${late.descriptors}`);
  }
  return grown;
}

/** Medians of the second and of the last fifth of the longest life; null where that is too short. */
export function phases(samples: readonly Sample[]): Record<'early' | 'late', Omit<Sample, 'life' | 'at'> | null> {
  const lives = [...Map.groupBy(samples, ({ life }) => life).values()];
  const longest = lives.toSorted((a, b) => b.length - a.length)[0] ?? [];
  if (longest.length < FEWEST_SAMPLES) return { early: null, late: null };
  const fifth = Math.floor(longest.length / 5);
  return { early: mediansOf(longest.slice(fifth, 2 * fifth)), late: mediansOf(longest.slice(-fifth)) };
}

function mediansOf(samples: readonly Sample[]): Omit<Sample, 'life' | 'at'> {
  return {
    rssMiB: median(samples.map(({ rssMiB }) => rssMiB)),
    descriptors: median(samples.map(({ descriptors }) => descriptors)),
  };
}
