/** A workload that really runs: agents that poll on a stage, each at its own moments, and the schedule once a minute. */
import { ENGINES, type EngineName } from './engines.ts';
import { spentOn } from './measure.ts';
import { NOTHING, plus, type Spent } from './spent.ts';
import { createStage } from './stage.ts';
import { MINUTE_MS, type Workload } from './workload.ts';

/** Minutes of the same load that come first, so that the stream is full. */
const BEFORE = 3;

/** @param forMs virtual time, ms */
export async function replay(workload: Workload, forMs: number, engine: EngineName): Promise<Spent> {
  const { agents, poll, pollMs, eventsPerSecond, feedMs } = workload;
  if (feedMs !== MINUTE_MS) throw new RangeError('a stage pulls its feed once a minute');
  const metered = await ENGINES[engine]();
  const stage = await createStage(metered.store);
  stage.bring(eventsPerSecond * 60);
  let sum = NOTHING;
  async function run(lengthMs: number): Promise<void> {
    const end = stage.now() + lengthMs;
    let scheduledAt = stage.now() + MINUTE_MS;
    /** Agents begin spread over an interval, and keep their distances. */
    const nextAt = Array.from(
      { length: agents },
      (_, agent) => stage.now() + Math.ceil(((agent + 1) * pollMs) / agents),
    );
    for (let agent = 0; ; agent = (agent + 1) % agents) {
      const at = Math.min(nextAt[agent] ?? end, scheduledAt);
      if (at > end) break;
      stage.advance(at - stage.now());
      if (at === scheduledAt) {
        await stage.scheduled();
        scheduledAt += MINUTE_MS;
        agent -= 1;
      } else {
        await stage.ask(poll, agent);
        nextAt[agent] = at + pollMs;
      }
    }
    stage.advance(end - stage.now());
  }
  try {
    await run(BEFORE * MINUTE_MS);
    sum = plus(
      sum,
      await spentOn(
        stage,
        () => metered.spent(),
        () => run(forMs),
      ),
    );
  } finally {
    await stage.close();
    await metered.stop();
  }
  return sum;
}
