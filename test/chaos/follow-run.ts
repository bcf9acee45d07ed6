/**
 * Four processes append to one log and two follow it, while it is trimmed, while an appender stands still in the midst of an
 * append, and after all but the log's newest entry was trimmed. What the followers saw is for the verdict to judge.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { randomId } from '../../src/base/runtime.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { READ_LIMIT } from '../../src/store/limits.ts';
import type { Cursor, LogPage, Store } from '../../src/store/store.ts';
import type { AppenderSettings } from './appender.ts';
import { type Child, startChild } from './child.ts';
import type { Followed } from './follow-verdict.ts';
import type { FollowerSettings, Sighting } from './follower-process.ts';
import { freezeAtGate, type Frozen, freezeInAppend } from './freeze.ts';
import { startGate } from './gate.ts';
import { until } from './until.ts';

export interface FollowRun {
  /** What opens the store. */
  environment: Record<string, string>;
  seed: number;
  /** So many are appended, and a few more. */
  entries: number;
  /**
   * What is trimmed meanwhile. `behind`: only what both followers have read; `ahead`: all but the newest few;
   * `empty`: nothing, until one appender stands still and the others have ended; then all but the newest entry.
   */
  trim: 'nothing' | 'behind' | 'ahead' | 'empty';
}

export interface FollowReport extends Followed {
  /** Entries that were trimmed. */
  removed: number;
  /** Pages that said that entries before them are gone. */
  truncations: number;
  /** Of `trim: 'empty'`. */
  emptied: Emptied | null;
}

export interface Emptied extends Frozen {
  /** What is left of the log. */
  count: number;
  /** What one gets who reads on from the log's first entry. */
  late: Pick<LogPage, 'truncated'> & { entries: number };
  /** Entries that the thawed appender gave from then on, the one that it was in the midst of included. */
  thawed: number;
}

const APPENDERS = ['a0', 'a1', 'a2', 'a3'] as const;
const WAYS = ['read', 'follow'] as const;
/** What trimming ahead of the followers leaves. */
const KEPT = 5;
const AFTER_THAW = 20;
const TRIM_EVERY_MS = 20;

export async function followRun({ environment, seed, entries, trim }: FollowRun): Promise<FollowReport> {
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'followers');
  const log = `log-${randomId()}`;
  const children: Child[] = [];
  // Only on DynamoDB a writer has to be told where a log ends; elsewhere the engine itself knows.
  const engineUrl = environment['AWS_ENDPOINT_URL_DYNAMODB'];
  const gate = engineUrl === undefined ? null : await startGate(engineUrl);
  const gated = gate === null ? environment : { ...environment, AWS_ENDPOINT_URL_DYNAMODB: gate.url };
  const start = async (file: string, settings: AppenderSettings | FollowerSettings) => {
    const child = await startChild(file, settings);
    children.push(child);
    return child;
  };
  try {
    const [appenders, followers] = await Promise.all([
      Promise.all(
        APPENDERS.map((name, index) =>
          start('appender.ts', { environment: index === 0 ? gated : environment, log, name, seed: seed + index }),
        ),
      ),
      Promise.all(
        WAYS.map((way) => start('follower-process.ts', { environment, log, sightings: `${log}/${way}`, way })),
      ),
    ]);
    for (const child of children) child.go();
    const given = () => appenders.reduce((sum, { note }) => sum + note.done, 0);
    const caughtUp = async () => {
      const [{ end }, ...read] = await Promise.all([
        store.extent(log),
        ...WAYS.map((way) => lastSeen(store, log, way)),
      ]);
      return read.every((each) => each?.cursor === end);
    };
    let removed = 0;
    let emptied: Emptied | null = null;

    if (trim === 'nothing') await until('the entries are appended', () => given() >= entries);
    else if (trim === 'empty') {
      await until('half of the entries are appended', () => given() >= entries / 2);
      const [frozen, ...others] = appenders as [Child, ...Child[]];
      const begun = await (gate === null
        ? freezeInAppend(store, log, APPENDERS[0], frozen, others)
        : freezeAtGate(gate, frozen));
      const from = given();
      await until('the others append', () => given() >= from + entries / 2);
      await Promise.all(others.map((each) => each.stop()));
      await until('the followers caught up', caughtUp);
      const first = await firstCursor(store, log);
      removed += await trimOnce(store, log, { keep: 1 });
      const late = await store.read(log, first, READ_LIMIT);
      const { count } = await store.extent(log);
      const done = frozen.note.done;
      frozen.thaw();
      await until('the thawed appender goes on', () => frozen.note.done >= done + AFTER_THAW);
      await frozen.stop();
      const thawed = frozen.note.done - done;
      emptied = { ...begun, count, late: { truncated: late.truncated, entries: late.entries.length }, thawed };
    } else {
      await until('the entries are appended, and trimmed meanwhile', async () => {
        await runtime.sleep(TRIM_EVERY_MS);
        if (trim === 'ahead') removed += await trimOnce(store, log, { keep: KEPT });
        else {
          const read = await Promise.all(WAYS.map((way) => lastSeen(store, log, way)));
          const appendedBefore = Math.min(...read.map((each) => each?.appendedAt ?? 0));
          removed += await trimOnce(store, log, { appendedBefore });
        }
        return given() >= entries && removed >= entries / 4;
      });
    }
    await Promise.all(appenders.map((each) => each.stop()));
    await until('the followers caught up', caughtUp);
    await Promise.all(followers.map((each) => each.stop()));

    const seen = await Promise.all(WAYS.map(async (way) => [way, await allSeen(store, `${log}/${way}`)] as const));
    const { end } = await store.extent(log);
    return {
      sightings: Object.fromEntries(seen),
      given: Object.fromEntries(APPENDERS.map((name, index) => [name, appenders[index]!.note.done])),
      end,
      mayMiss: trim === 'ahead',
      removed,
      truncations: seen.flatMap(([, each]) => each).filter(({ truncated }) => truncated).length,
      emptied,
    };
  } finally {
    for (const child of children) child.kill();
    gate?.stop();
    await store.close();
  }
}

async function lastSeen(store: Store, log: string, way: string): Promise<Sighting | null> {
  const { entries } = await store.last(`${log}/${way}`, 1);
  return (entries[0]?.value ?? null) as Sighting | null;
}

async function allSeen(store: Store, sightings: string): Promise<Sighting[]> {
  const seen: Sighting[] = [];
  for (let cursor: Cursor | null = null; ;) {
    const page: LogPage = await store.read(sightings, cursor, READ_LIMIT);
    if (page.entries.length === 0) return seen;
    seen.push(...page.entries.map(({ value }) => value as unknown as Sighting));
    cursor = page.cursor;
  }
}

async function firstCursor(store: Store, log: string): Promise<Cursor | null> {
  const { entries } = await store.read(log, null, 1);
  return entries[0]?.cursor ?? null;
}

/** Until nothing is left over that the trim may take. Answers how many entries went. */
async function trimOnce(
  store: Store,
  log: string,
  what: { keep: number } | { appendedBefore: number },
): Promise<number> {
  let removed = 0;
  for (let more = true; more;) {
    const trimmed = await store.trim(log, { now: Date.now(), limit: READ_LIMIT, ...what });
    removed += trimmed.removed;
    ({ more } = trimmed);
  }
  return removed;
}
