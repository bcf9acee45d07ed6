/**
 * A burst whose events name more tenants than a commit holds, by a process that dies at one of its commits: before the store has
 * it, or before the answer comes back. Nothing is lost, nothing is doubled, and each tenant has its own in order. On every engine.
 */
import { expect } from 'vitest';
import type { Feed } from '../../../src/declare/feed.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { sweep } from '../../../src/feeds/run/sweep.ts';
import type { Store } from '../../../src/store/store.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { testEachStore } from '../../services/each-store.ts';
import { anonymousOf, byTurns, identifiedOf, scopeFor, told } from './named-stage.ts';
import { feedOf, items, type OnCommit, type Stage, stageOf } from './stage.ts';

const TENANTS = 35;
const EVENTS = 3 * TENANTS;

/** By position, in two batches. The same position gives the same again. */
const positioned = (name: string): Feed =>
  feedOf(async function* ({ position }) {
    const half = 2 * TENANTS;
    if (position === null) yield { items: items(byTurns(0, half, TENANTS), name), position: half };
    if (position === EVENTS) yield { items: [], last: true };
    else yield { items: items(byTurns(half, EVENTS, TENANTS), name), position: EVENTS, last: true };
  });

/** All of it each time, without a position: its ids tell what came before. */
const listing = (name: string): Feed =>
  feedOf(async function* () {
    yield { items: items(byTurns(0, EVENTS, TENANTS), name), last: true };
  });

/** What the source gives again only as long as nobody said that it was taken. */
const acknowledging = (name: string): Feed => {
  let taken = 0;
  return feedOf(
    async function* () {
      if (taken < EVENTS) yield { items: items(byTurns(0, EVENTS, TENANTS), name) };
      taken = EVENTS;
      yield { items: [], last: true };
    },
    { replayable: false },
  );
};

/** Runs the feed in a process that dies at its nth commit, and then in another until there is nothing left to do. */
async function dieAt(stage: Stage, nth: number, before: boolean): Promise<void> {
  const { promise: dead, resolve: die } = Promise.withResolvers<void>();
  const onCommit: OnCommit = async (_, number, next) => {
    if (number < nth) return next();
    if (number === nth && !before) await next();
    die();
    return new Promise(() => {});
  };
  const { deps } = stage.worker(onCommit);
  const ended = ingest(deps, stage.clock.now + 60_000).then(() => die());
  await Promise.race([dead, ended]);
  // Its lease is over, and the feed is due, also where it took fewer commits than that.
  stage.clock.now += 61_000;
  for (let bursts = 0; bursts < 10; bursts += 1) {
    const report = await stage.run();
    expect(report.outcome).toBe('pulled');
    if (report.nextAt > stage.clock.now) return;
  }
  throw new Error('it has more after 10 bursts');
}

async function expectKept(store: Store): Promise<void> {
  const cases: [string, Feed, typeof anonymousOf, number, boolean][] = [];
  for (const [nth, before] of [
    [3, false],
    [4, true],
    [4, false],
    [6, true],
  ] as const) {
    const name = `r${nth}${before ? 'b' : 'a'}`;
    cases.push([`${name}p`, positioned(`${name}p`), anonymousOf, nth, before]);
  }
  cases.push(['ids', listing('ids'), identifiedOf, 4, false]);
  cases.push(['acked', acknowledging('acked'), identifiedOf, 4, false]);
  for (const [name, feed, declare, nth, before] of cases) {
    const stage = stageOf({ streams: { [name]: declare(feed) } }, store);
    await dieAt(stage, nth, before);
    for (let tenant = 0; tenant < TENANTS; tenant += 1) {
      const own = [tenant, tenant + TENANTS, tenant + 2 * TENANTS];
      expect([name, tenant, await told(stage, `t${tenant}`, name)]).toEqual([name, tenant, own]);
    }
    expect(await told(stage, 'public', name)).toEqual([]);
    // What the process that died had no time for is done by the sweeps of the tenants.
    stage.clock.now += 61_000;
    const { error } = await sweep({ ...stage.deps, isOpen: false }, stage.clock.now + 60_000);
    expect(error).toBeNull();
    for (let tenant = 0; tenant < TENANTS; tenant += 1) {
      const latest = await readLatest(scopeFor(stage, `t${tenant}`), name, 'k');
      expect([name, latest?.data]).toEqual([name, { of: `t${tenant}`, n: tenant + 2 * TENANTS }]);
    }
  }
}

testEachStore('keeps what a killed process was about', expectKept);
