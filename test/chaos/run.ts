/**
 * `npm run chaos [kills] [seed]`: the full form of the kill runs, by default 100 kills on each engine.
 * `npm run chaos sigterm [ends] [seed]`: servers that are ended by SIGTERM, some twice, by default 200 over all engines.
 * `npm run chaos followers [entries] [seed]`: that of the follower runs, by default 5,000 entries in each.
 * `npm run chaos tasks [kills] [seed]`: that of the task kill runs, by default 500 kills over all engines.
 * `npm run chaos deliveries [kills] [seed]`: those who deliver are killed, by default 500 kills over all engines.
 * `npm run chaos triggers [kills] [seed]`: processes that judge triggers, by default 500 kills over all engines.
 * `npm run chaos ticker [seconds] [ms]`: tickers that can say nothing twice, by default each 100 ms for five minutes.
 * `npm run chaos full [runs] [seed]`: a disk that is full, Redis over `maxmemory`, and room again, by default 200 runs of each.
 * `npm run chaos locked [runs] [seed]`: another process that holds the lock of a sqlite file, by default 200 runs.
 * `npm run chaos mqtt [seconds] [a second]`: devices that publish at QoS 0, by default 100 messages a second for a minute.
 * `npm run chaos shares [requests] [seed]`: a limit of half of them over 4 and 64 instances, by default of 10,000 requests.
 * `npm run chaos sessions [changes] [seed]`: listeners of every kind behind three processes, by default of 10,000 changes, with ten cuts and a kill.
 * `npm run chaos clocks [runs] [seed]`: clocks that jump, by default 200 runs over all drivers; `restores`: data put back.
 */
import { type Engine, ENGINES, startEngine } from '../services/engine.ts';
import { deliveryRun } from './deliveries/run.ts';
import { type Ending, endRun, endVerdict } from './endings/run.ts';
import { runWrongTimes } from './clocks/rounds.ts';
import { type FollowRun, followRun } from './follow-run.ts';
import { followVerdict } from './follow-verdict.ts';
import { killRun } from './kill-run.ts';
import { heldRun, heldVerdict } from './mqtt-held-run.ts';
import { refusalRun, type RefusalReport } from './refusals/run.ts';
import { type Stage, STAGES } from './refusals/stages.ts';
import { outcomes, refusalVerdict } from './refusals/verdict.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { sessionRun, sessionVerdict } from './sessions/run.ts';
import { shareRun, shareVerdict } from './shares/run.ts';
import { taskRun } from './task-run.ts';
import { extraStarts, stalls, taskVerdict } from './task-verdict.ts';
import { triggerRun } from './triggers/run.ts';
import { TICKERS, tickerRun, tickerVerdict } from './ticker-run.ts';
import { verdict } from './verdict.ts';

const TRIMS: FollowRun['trim'][] = ['nothing', 'behind', 'ahead', 'empty'];

const KILLS_A_ROUND = 20;

let passed = 0;
let failed = 0;

async function runKills(engine: Engine, kills: number, seed: number): Promise<void> {
  for (const workers of [1, 2]) {
    const started = performance.now();
    const report = await killRun({ engine, seed: seed + workers, kills: Math.ceil(kills / 2), workers });
    const doubled = report.found.messages.length - report.given;
    const what =
      `${engine}, ${workers} worker(s): ${report.kills} kills, ${report.inBurst} in a burst, ` +
      `${report.given} items of each kind, ${doubled} MQTT messages again`;
    tell(what, started, verdict(report));
  }
}

async function runEndings(engine: Engine, ends: number, seed: number): Promise<void> {
  for (const workers of [1, 2]) {
    const started = performance.now();
    const report = await endRun({ engine, seed: seed + workers, ends: Math.ceil(ends / 2), workers });
    const { endings } = report;
    const count = (what: (ending: Ending) => boolean) => endings.filter(what).length;
    const took = endings.flatMap(({ how, ms }) => (how === 0 ? [ms] : [])).toSorted((a, b) => a - b);
    const what =
      `${engine}, ${workers} server(s): ${endings.length} ends, ${count(({ held }) => held)} while it held a feed, ` +
      `${count(({ twice }) => twice)} by two signals (${count(({ how }) => how !== 0)} at once), ` +
      `${took[Math.floor(took.length / 2)]?.toFixed(0)} ms (median), ${took.at(-1)?.toFixed(0)} ms (longest), ` +
      `${report.given} items of each kind`;
    tell(what, started, endVerdict(report));
  }
}

async function runFollowers(engine: Engine, entries: number, seed: number): Promise<void> {
  const { environment, stop } = await startEngine(engine);
  try {
    for (const trim of TRIMS) {
      const started = performance.now();
      const report = await followRun({ environment, seed, entries, trim });
      const given = Object.values(report.given).reduce((sum, each) => sum + each, 0);
      const emptied = report.emptied === null ? '' : `, ${JSON.stringify(report.emptied)}`;
      const what = `${engine}, trimmed ${trim}: ${given} entries, ${report.removed} removed, ${report.truncations} truncated pages`;
      tell(what + emptied, started, followVerdict(report));
    }
  } finally {
    await stop();
  }
}

/** In rounds of 200 tasks and about 20 kills, each on an engine of its own. */
async function runTasks(engine: Engine, kills: number, seed: number): Promise<void> {
  const rounds = Math.ceil(kills / KILLS_A_ROUND);
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    const inRound = Math.floor((kills * (round + 1)) / rounds) - Math.floor((kills * round) / rounds);
    const report = await taskRun({ engine, seed: seed + round, kills: inRound, tasks: 200 });
    const took = report.takenUpMs.toSorted((a, b) => a - b);
    const what =
      `${engine}: ${report.kills.length} kills, ${report.tasks.length} tasks, ${extraStarts(report)} steps begun again, ${stalls(report).length} stalls, ` +
      `${took.length} taken up within ${took[Math.floor(took.length / 2)]} ms (median), ${took.at(-1)} ms (longest)`;
    tell(what, started, taskVerdict(report));
  }
}

async function runTriggers(engine: Engine, kills: number, seed: number): Promise<void> {
  const running = await startEngine(engine);
  try {
    const { environment } = running;
    const started = performance.now();
    const report = await triggerRun({ environment, seed, kills, workers: 2 });
    const what = `${engine}: ${report.kills} kills, ${report.events} events, ${report.occurrences} occurrences`;
    tell(what, started, report.wrong);
  } finally {
    await running.stop();
  }
}

function tell(what: string, started: number, wrong: string[]): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(`${what}, ${seconds} s: ${wrong.length === 0 ? 'all promises held' : wrong.join('; ')}`);
  if (wrong.length === 0) passed += 1;
  else failed += 1;
}

/** All is there within 300 ms of being sent; where the process that holds the feed is killed, what is lost is told. */
async function runHeld(seconds: number, perSecond: number): Promise<void> {
  for (const [qos, kill] of [
    [1, false],
    [0, false],
    [1, true],
  ] as const) {
    const started = performance.now();
    const report = await heldRun({ seconds, perSecond, qos, kill });
    tell(
      `mqtt, a feed of QoS ${qos}${kill ? ', killed' : ''}: ${JSON.stringify(report)}`,
      started,
      heldVerdict(report, kill),
    );
  }
}

/** All is there within 300 ms of being sent, over one connection. */
async function runTickers(seconds: number, everyMs: number): Promise<void> {
  const started = performance.now();
  const reports = await tickerRun(seconds, everyMs);
  for (const name of TICKERS) {
    tell(`ticker, ${name}: ${JSON.stringify(reports[name])}`, started, tickerVerdict(name, reports[name]));
  }
}

async function runRefusals(name: string, open: Stage, runs: number, seed: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const newRun = await open(stack);
  const started = performance.now();
  const attempts: RefusalReport['attempts'] = [];
  const wrong: string[] = [];
  let stoodMs = 0;
  for (let run = seed; run < seed + runs; run += 1) {
    const { close, ...refusing } = await newRun(seededRandom(run));
    const report = await refusalRun(refusing, run);
    await close();
    attempts.push(...report.attempts);
    stoodMs = Math.max(stoodMs, report.stoodMs);
    wrong.push(...refusalVerdict(report).map((each) => `seed ${run}: ${each}`));
  }
  const what = `${runs} runs, ${JSON.stringify(outcomes({ attempts }))}, the event loop stood still for ${stoodMs.toFixed(0)} ms at most`;
  tell(`${name}: ${what}`, started, wrong);
}

/** In rounds of 60 kills, each on an engine of its own. */
async function runDeliveryKills(engine: Engine, kills: number, seed: number): Promise<void> {
  for (let left = kills, round = 0; left > 0; left -= 60, round += 1) {
    const started = performance.now();
    const report = await deliveryRun({ engine, seed: seed + round, kills: Math.min(60, left) });
    const { events, subscriptions, came, taken } = report;
    const again = taken - events * subscriptions;
    tell(
      `${engine}: ${report.kills} kills, ${events} events to ${subscriptions} subscribers, ${came} requests, ${again} taken again`,
      started,
      report.wrong,
    );
  }
}

async function runShares(engine: Engine, offered: number, seed: number): Promise<void> {
  const { environment, stop } = await startEngine(engine);
  try {
    for (const [instances, lost] of [
      [4, 0],
      [64, 0],
      [64, 0.02],
    ] as const) {
      const started = performance.now();
      const prefix = `shares-${instances}-${lost * 100}`;
      const options = { environment, prefix, seed, instances, limit: offered / 2, offered, lost };
      const report = await shareRun(options);
      const what =
        `${engine}, ${instances} instances, ${lost * 100} % of the store's answers lost: ${report.through} of a limit of ` +
        `${options.limit} let through, ${report.over} answered 429, ${report.unsaid} 503, ${report.calls} calls to the store, ` +
        `${report.seconds.toFixed(1)} s`;
      tell(what, started, shareVerdict(report, options));
    }
  } finally {
    await stop();
  }
}

async function runSessions(engine: Engine, changes: number, seed: number): Promise<void> {
  const started = performance.now();
  const report = await sessionRun({ engine, seed, changes, cuts: 10, tasksMs: 40_000 });
  const told = report.heard.map(({ name, count }) => `${name} ${count}`).join(', ');
  const last = report.lastMs.toSorted((a, b) => a - b).at(-1);
  const what =
    `${engine}: ${report.changes} changes, ${report.endedAt.size} tasks, ${report.cut} connections cut, ${report.killed} killed; ` +
    `told: ${told}; the last change was known to all after ${last} ms`;
  tell(what, started, sessionVerdict(report));
}

const KINDS = [
  'sigterm',
  'followers',
  'tasks',
  'deliveries',
  'triggers',
  'mqtt',
  'ticker',
  'full',
  'locked',
  'clocks',
  'restores',
  'shares',
  'sessions',
];
const kind = KINDS.find((each) => each === process.argv[2]) ?? 'ingest';
const [size, seed] = process.argv.slice(kind === 'ingest' ? 2 : 3);
if (kind === 'mqtt') await runHeld(Number(size ?? 60), Number(seed ?? 100));
if (kind === 'ticker') await runTickers(Number(size ?? 300), Number(seed ?? 100));
for (const [name, open] of Object.entries(STAGES)) {
  if (name.endsWith(`, ${kind}`)) await runRefusals(name, open, Number(size ?? 200), Number(seed ?? 1));
}
if (kind === 'clocks' || kind === 'restores') {
  await runWrongTimes(kind, Number(size ?? 200), Number(seed ?? 1), tell);
}
for (const engine of [
  'ingest',
  'sigterm',
  'followers',
  'tasks',
  'triggers',
  'deliveries',
  'shares',
  'sessions',
].includes(kind)
  ? ENGINES
  : []) {
  if (kind === 'followers') await runFollowers(engine, Number(size ?? 5_000), Number(seed ?? 1));
  else if (kind === 'shares') await runShares(engine, Number(size ?? 10_000), Number(seed ?? 1));
  else if (kind === 'sessions') await runSessions(engine, Number(size ?? 10_000), Number(seed ?? 1));
  else if (kind === 'sigterm')
    await runEndings(engine, Math.ceil(Number(size ?? 200) / ENGINES.length), Number(seed ?? 1));
  else if (kind === 'deliveries')
    await runDeliveryKills(engine, Math.ceil(Number(size ?? 500) / ENGINES.length), Number(seed ?? 1));
  else if (kind === 'triggers')
    await runTriggers(engine, Math.ceil(Number(size ?? 500) / ENGINES.length), Number(seed ?? 1));
  else if (kind === 'tasks') await runTasks(engine, Math.ceil(Number(size ?? 500) / ENGINES.length), Number(seed ?? 1));
  else await runKills(engine, Number(size ?? 100), Number(seed ?? 1));
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
