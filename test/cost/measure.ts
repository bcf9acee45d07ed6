/**
 * Measures what a poll and a minute of a schedule use, by running them on a stage: calls, answers and processor time on the memory
 * store, commands on Redis, units on DynamoDB.
 */
import { ENGINES, type EngineName } from './engines.ts';
import { FULL_EVENTS, type Measured, type MeasuredMinute, type MeasuredPoll } from './measured.ts';
import { NOTHING, plus, type Spent, times } from './spent.ts';
import { createStage, type Stage } from './stage.ts';
import { MINUTE_MS, POLLS, type Poll } from './workload.ts';

const MINUTES = [0, 1, 10, 100, 1_000, 10_000, 30_000] as const;
/** How many minutes run before one is measured, and over how many its mean is taken. */
const BEFORE = 2;
const MEAN_OF = 3;
const AGENTS = 50;
/** Polls that come first, so that the code is compiled as in a server that has run for a while. */
const WARM_POLLS = 500;

/** @param most the minute with most events that is measured */
export async function measureOn(engine: EngineName, most = Number.POSITIVE_INFINITY): Promise<Omit<Measured, 'on'>> {
  const metered = await ENGINES[engine]();
  const stage = await createStage(metered.store);
  const work = (what: () => Promise<unknown>) => spentOn(stage, () => metered.spent(), what);
  try {
    const polls = Object.fromEntries(
      POLLS.map((poll) => [poll, { idle: NOTHING, full: NOTHING }]),
    ) as Measured['polls'];
    const minutes: MeasuredMinute[] = [];
    for (const events of MINUTES.filter((each) => each <= most)) {
      stage.bring(events);
      const mean = await meanMinute(stage, work);
      minutes.push({ events, spent: mean });
      if (events !== FULL_EVENTS) continue;
      for (const poll of POLLS)
        polls[poll] = await measurePoll(stage, poll, work, engine === 'memory' ? WARM_POLLS : 0);
    }
    return { polls, minutes };
  } finally {
    await stage.close();
    await metered.stop();
  }
}

type Work = (what: () => Promise<unknown>) => Promise<Spent>;

async function meanMinute(stage: Stage, work: Work): Promise<Spent> {
  const minute = async () => {
    stage.advance(MINUTE_MS);
    return work(() => stage.scheduled());
  };
  for (let before = 0; before < BEFORE; before += 1) await minute();
  let sum = NOTHING;
  for (let measured = 0; measured < MEAN_OF; measured += 1) sum = plus(sum, await minute());
  return times(1 / MEAN_OF, sum);
}

async function measurePoll(stage: Stage, poll: Poll, work: Work, warmPolls: number): Promise<MeasuredPoll> {
  const all = async () => {
    for (let agent = 0; agent < AGENTS; agent += 1) await stage.ask(poll, agent);
  };
  stage.bring(0);
  for (let warm = 0; warm <= warmPolls; warm += AGENTS) {
    await all();
    // Who asks for a task oftener is refused.
    stage.advance(MINUTE_MS);
  }
  // Tasks begin, and agents read what there is.
  await stage.scheduled();
  await all();
  stage.advance(MINUTE_MS);
  const idle = await work(all);
  stage.bring(FULL_EVENTS);
  stage.advance(MINUTE_MS);
  await stage.scheduled();
  const full = await work(all);
  return { idle: times(1 / AGENTS, idle), full: times(1 / AGENTS, full) };
}

/** What this used, on the stage and of the engine. */
export async function spentOn(
  stage: Stage,
  ofEngine: () => Promise<Spent>,
  what: () => Promise<unknown>,
): Promise<Spent> {
  const [before, engineBefore, cpu] = [stage.counts(), await ofEngine(), process.cpuUsage()];
  await what();
  const { user, system } = process.cpuUsage(cpu);
  const [after, engineAfter] = [stage.counts(), await ofEngine()];
  const used: Spent = {
    ...NOTHING,
    requests: after.requests - before.requests,
    storeCalls: after.storeCalls - before.storeCalls,
    answerBytes: after.answerBytes - before.answerBytes,
    cpuMs: (user + system) / 1_000,
  };
  return plus(used, plus(engineAfter, engineBefore, -1));
}

/** What each engine alone can tell, as one measurement. */
export async function measureAll(on: string): Promise<Measured> {
  const memory = await measureOn('memory');
  const redis = await measureOn('redis');
  const dynamodb = await measureOn('dynamodb');
  const polls = Object.fromEntries(
    POLLS.map((poll) => {
      const of = (when: keyof MeasuredPoll) =>
        merged(memory.polls[poll][when], redis.polls[poll][when], dynamodb.polls[poll][when]);
      return [poll, { idle: of('idle'), full: of('full') }];
    }),
  ) as Measured['polls'];
  const minutes = memory.minutes.map(({ events, spent }, at) => ({
    events,
    spent: merged(spent, redis.minutes[at]?.spent ?? NOTHING, dynamodb.minutes[at]?.spent ?? NOTHING),
  }));
  return { on, polls, minutes };
}

export function merged(memory: Spent, redis: Spent, dynamodb: Spent): Spent {
  const { redisCommands, redisBytes } = redis;
  const { readUnits, writeUnits, dynamoRequests } = dynamodb;
  return rounded({ ...memory, redisCommands, redisBytes, readUnits, writeUnits, dynamoRequests });
}

function rounded(spent: Spent): Spent {
  return Object.fromEntries(
    Object.entries(spent).map(([name, each]) => [name, Math.round(each * 1e3) / 1e3]),
  ) as unknown as Spent;
}
