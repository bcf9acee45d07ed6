/**
 * Kills ingesting processes at seeded moments and then asks what became of the data: events with ids exactly once, events
 * read by position exactly once and in order, events without either at least once, and nothing left to do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ingest } from '../../src/feeds/run/run.ts';
import { countGaps, findAll, type Found, leaseLeft, positionOf } from './found.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import type { Engine } from '../services/engine.ts';
import { WINDOW } from './source.ts';
import { ITEMS, kill, LEASE_MS, onStage, type Stage, type Worker } from './stage.ts';

export interface KillRun {
  engine: Engine;
  seed: number;
  kills: number;
  /** Processes that run side by side; one of them is killed each time, and replaced. */
  workers: number;
}

export interface KillReport extends Kept {
  kills: number;
  /** Kills that left a lease of the killed process behind: they fell into a burst of its own. */
  inBurst: number;
}

/** What stands in the store when all is over. */
export interface Kept {
  /** Items that the upstreams gave, of each kind. */
  given: number;
  /** The numbers found in each stream, in log order. */
  found: Found;
  /** Position of the feed that is read by position. */
  position: unknown;
  /** Gap events of the MQTT stream: the broker lost nothing, so there are none. */
  gaps: number;
}

/** A kill falls somewhere in this time after the items came. */
const KILL_WITHIN_MS = 1_500;
/** By so much the clock is moved on in each round of settling, so that no lease or pause has to be waited for. */
const SETTLE_STEP_MS = 60_000;
const SETTLE_ROUNDS = 100;

export function killRun({ engine, seed, kills, workers }: KillRun): Promise<KillReport> {
  const random = seededRandom(seed);
  return onStage(engine, async (stage) => {
    const { app, store } = stage.deps;
    // All stay in the window of the source: a feed that is killed five times in a row pauses for minutes, as it should.
    const items = Math.min(ITEMS, Math.floor(WINDOW / kills));
    const running: Worker[] = [];
    let inBurst = 0;
    for (let index = 0; index < workers; index += 1) running.push(await stage.startWorker(`w${index}`));
    for (let count = 0; count < kills; count += 1) {
      await stage.give(items);
      await sleep(random() * KILL_WITHIN_MS);
      const place = Math.floor(random() * running.length);
      const victim = running[place]!;
      await kill(victim);
      if (await leaseLeft(store, [...app.feeds.keys()], victim.name)) inBurst += 1;
      running[place] = await stage.startWorker(`w${workers + count}`);
    }
    await Promise.all(running.map(kill));
    return { kills, inBurst, ...(await keptOn(stage)) };
  });
}

/** Takes in what is left, with all workers gone, and reads what stands there then. */
export async function keptOn(stage: Stage): Promise<Kept> {
  const { store } = stage.deps;
  await settle(stage);
  const position = await positionOf(store, 'positioned');
  const gaps = await countGaps(store, 'messages');
  return { given: stage.given(), found: await findAll(store), position, gaps };
}

/** Pulls until everything is there, and once more: what is taken twice would show then. */
async function settle({ deps, given }: Stage): Promise<void> {
  const pullAt = async (round: number) => {
    const runtime = { ...deps.runtime, now: () => Date.now() + round * SETTLE_STEP_MS };
    await ingest({ ...deps, runtime }, runtime.now() + 5_000, { leaseMs: LEASE_MS });
  };
  let round = 1;
  for (; round <= SETTLE_ROUNDS; round += 1) {
    const found = await findAll(deps.store);
    if (Object.values(found).every((numbers) => new Set(numbers).size >= given())) break;
    await pullAt(round);
  }
  await pullAt(round + 1);
}
