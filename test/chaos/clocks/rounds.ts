/** Many runs of one kind, over the drivers: what `npm run chaos clocks` and `npm run chaos restores` do. */
import { type Engine, startEngine } from '../../services/engine.ts';
import { startRestorable } from '../../services/restorable.ts';
import { type ClockReport, clockRun } from './clock-run.ts';
import { type RestoreReport, restoreRun } from './restore-run.ts';

/** Of each hundred runs so many on each driver: those on DynamoDB's local server take a hundred times longer than those in memory. */
const SHARES = { memory: 40, sqlite: 30, redis: 22, dynamodb: 8 };
type Driver = keyof typeof SHARES;
const DRIVERS = Object.keys(SHARES) as Driver[];

/** Seeds follow each other over the drivers. @param tell gets what a driver's runs showed, when they began, and what did not hold */
export async function runWrongTimes(
  kind: 'clocks' | 'restores',
  runs: number,
  seed: number,
  tell: (what: string, started: number, wrong: string[]) => void,
): Promise<void> {
  let first = seed;
  for (const driver of DRIVERS) {
    const share = shareOf(kind, driver, runs);
    const started = performance.now();
    if (kind === 'clocks') {
      const { reports, wrong } = await clockRounds(driver, share, first);
      const [jumps, tasks, numbers] = (['jumps', 'tasks', 'numbers'] as const).map((name) => sum(reports, name));
      const [feedsMs, tasksMs] = [most(reports, 'feedsMs'), most(reports, 'tasksMs')];
      const what =
        `${driver}: ${share} runs, ${jumps} jumps, ${numbers} events, ${tasks} tasks; ` +
        `under a right clock all was there after ${feedsMs} ms and all tasks had ended after ${tasksMs} ms at most`;
      tell(what, started, wrong);
    } else if (driver !== 'memory') {
      const { reports, wrong } = await restoreRounds(driver, share, first);
      const [behind, tasks, numbers] = (['behind', 'tasks', 'numbers'] as const).map((name) => sum(reports, name));
      const forgot = reports.filter((report) => report.forgot).length;
      const what =
        `${driver}: ${share} restores, ${forgot} with a source that forgot, ${numbers} events, ${tasks} tasks, ` +
        `${behind} cursors behind what was lost`;
      tell(what, started, wrong);
    }
    first += share;
  }
}

function sum<Name extends string>(reports: readonly Record<Name, number>[], name: Name): number {
  return reports.reduce((total, report) => total + report[name], 0);
}

function most<Name extends string>(reports: readonly Record<Name, number>[], name: Name): number {
  return Math.max(0, ...reports.map((report) => report[name]));
}

/** How many of `runs` are made on a driver; none of restores in memory, which keeps nothing. */
function shareOf(kind: 'clocks' | 'restores', driver: Driver, runs: number): number {
  if (kind === 'clocks') return Math.ceil((runs * SHARES[driver]) / 100);
  return driver === 'memory' ? 0 : Math.ceil((runs * SHARES[driver]) / (100 - SHARES.memory));
}

interface Rounds<Report> {
  reports: Report[];
  /** What did not hold, with the seed of its run. */
  wrong: string[];
}

/** A file belongs to one app, so each run on sqlite gets one of its own; the runs on a server share it under names of their own. */
export async function clockRounds(driver: Driver, runs: number, seed: number): Promise<Rounds<ClockReport>> {
  const shared = driver === 'redis' || driver === 'dynamodb' ? await startEngine(driver) : null;
  try {
    return await rounds(runs, seed, async (each, name) => {
      const own = driver === 'sqlite' ? await startEngine(driver) : null;
      try {
        return await clockRun((shared ?? own)?.environment ?? { STORE: 'memory' }, name, each);
      } finally {
        await own?.stop();
      }
    });
  } finally {
    await shared?.stop();
  }
}

export async function restoreRounds(driver: Engine, runs: number, seed: number): Promise<Rounds<RestoreReport>> {
  return rounds(runs, seed, async (each, name) => {
    const engine = await startRestorable(driver);
    try {
      return await restoreRun(engine, name, each);
    } finally {
      await engine.stop();
    }
  });
}

async function rounds<Report extends { wrong: string[] }>(
  runs: number,
  first: number,
  run: (seed: number, name: string) => Promise<Report>,
): Promise<Rounds<Report>> {
  const reports: Report[] = [];
  const wrong: string[] = [];
  for (let seed = first; seed < first + runs; seed += 1) {
    const report = await run(seed, `run-${seed}`);
    reports.push(report);
    wrong.push(...report.wrong.map((each) => `seed ${seed}: ${each}`));
  }
  return { reports, wrong };
}
