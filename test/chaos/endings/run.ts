/**
 * Ends servers by SIGTERM at seeded moments, some by a second one at once, and then asks what became of the data, as the kill
 * runs do: what is handed over in good order loses, doubles and leaves nothing either.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import type { Engine } from '../../services/engine.ts';
import { leaseLeft } from '../found.ts';
import { type Kept, keptOn } from '../kill-run.ts';
import { WINDOW } from '../source.ts';
import { ITEMS, onStage, type Worker } from '../stage.ts';
import { verdict } from '../verdict.ts';

export interface EndRun {
  engine: Engine;
  seed: number;
  ends: number;
  /** Processes that run side by side; one of them is ended each time, and replaced. */
  workers: number;
}

export interface Ending {
  /** The exit status, or the signal that ended it. */
  how: number | string;
  /** From the first signal on. */
  ms: number;
  /** Whether a second signal came at once. */
  twice: boolean;
  /** Whether it held a feed when the signal came. */
  held: boolean;
  /** Whether a feed was still held by the process when it was gone. A lease that ran out keeps nobody from it. */
  leftLease: boolean;
}

export interface EndReport extends Kept {
  endings: Ending[];
}

/** A signal falls somewhere in this time after the items came. */
const END_WITHIN_MS = 800;
/** A second signal comes within this time after the first. */
const AGAIN_WITHIN_MS = 50;
const TWICE_CHANCE = 0.2;
/** As servers wait by default. */
export const SHUTDOWN_MS = 10_000;
const FILE = 'endings/worker.ts';

export function endRun({ engine, seed, ends, workers }: EndRun): Promise<EndReport> {
  const random = seededRandom(seed);
  return onStage(engine, async (stage) => {
    const { app, store } = stage.deps;
    const holds = (worker: Worker) => leaseLeft(store, [...app.feeds.keys()], worker.name, Date.now());
    const items = Math.min(ITEMS, Math.floor(WINDOW / ends));
    const begin = (place: number) => stage.startWorker(`w${place}`, FILE);
    const running = await Promise.all(Array.from({ length: workers }, (_, place) => begin(place)));
    const endings: Ending[] = [];
    for (let count = 0; count < ends; count += 1) {
      await stage.give(items);
      await sleep(random() * END_WITHIN_MS);
      const place = Math.floor(random() * running.length);
      const again = random() < TWICE_CHANCE ? random() * AGAIN_WITHIN_MS : null;
      const victim = running[place]!;
      const held = await holds(victim);
      // As a deployment does, which starts the next one meanwhile.
      const next = begin(workers + count);
      const ended = await end(victim, again);
      endings.push({ ...ended, held, leftLease: await holds(victim) });
      running[place] = await next;
    }
    await Promise.all(running.map((worker) => end(worker, null)));
    return { endings, ...(await keptOn(stage)) };
  });
}

async function end({ child }: Worker, againMs: number | null): Promise<Pick<Ending, 'how' | 'ms' | 'twice'>> {
  const began = performance.now();
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  child.kill('SIGTERM');
  if (againMs !== null) {
    await sleep(againMs);
    child.kill('SIGTERM');
  }
  const [status, signal] = await ended;
  return { how: status ?? String(signal), ms: performance.now() - began, twice: againMs !== null };
}

/** What is wrong, as sentences; none when all promises held. A second signal may end a process at once, as it says it does. */
export function endVerdict(report: EndReport): string[] {
  const wrong = report.endings.flatMap(({ how, ms, twice, leftLease }) => [
    ...(how === 0 || (twice && how === 'SIGTERM') ? [] : [`ended with ${how}`]),
    ...(ms <= SHUTDOWN_MS ? [] : [`ended after ${Math.round(ms)} ms`]),
    ...(how === 0 && leftLease ? ['ended with 0, and left a lease'] : []),
  ]);
  return [...wrong, ...verdict(report)];
}
