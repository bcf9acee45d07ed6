/** Tasks under a clock that is ahead between two sweeps: what every host that stays up and every schedule does about it. */
import { describe, expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { dueAfterClock } from '../../src/hosts/due-after-clock.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { runScheduled } from '../../src/hosts/scheduled.ts';
import { watchClock } from '../../src/store/clock-watch.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import { startRunner } from '../../src/tasks/work/runner.ts';
import { ADA, taskStage } from '../tasks/stage.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

function napping() {
  const naps = task({
    description: 'a task of the test',
    version: '1',
    policy: { ttlMs: 7 * DAY },
    async run(_input, { sleep }) {
      await sleep(10 * MINUTE);
      return 'woke';
    },
  });
  const stage = taskStage({ naps });
  const { clock } = stage;
  let ahead = 0;
  /** A process of its own, whose clock may be ahead. */
  const process = () =>
    watchClock({ ...stage.tasks, runtime: { ...stage.tasks.runtime, now: () => clock.now + ahead } });
  const begin = async (deps: ReturnType<typeof process>) => {
    const at = deps.runtime.now();
    const options = { principal: ADA, task: 'naps', input: {}, deadline: at + MINUTE, leaseMs: null };
    return (await createTask(deps, options)).taskId;
  };
  const scheduled = (deps: ReturnType<typeof process>) =>
    clock.drive(runScheduled(deps, deps.runtime.now() + 50 * SECOND));
  return { stage, clock, process, begin, scheduled, setAhead: (ms: number) => void (ahead = ms) };
}

describe('a task that was begun while the clock was ahead between two sweeps', () => {
  test.each([
    ['by an hour', HOUR, 'the same process'],
    ['by a day', DAY, 'the same process'],
    ['by a day', DAY, 'another process'],
  ])('%s (%d ms) is worked on by the schedule of %s', async (_, ahead, who) => {
    const { stage, clock, process, begin, scheduled, setAhead } = napping();
    const [beginning, sweeping] = [process(), process()];
    await scheduled(sweeping);
    await clock.advance(MINUTE);
    setAhead(ahead);
    const id = await begin(who === 'another process' ? beginning : sweeping);
    setAhead(0);
    for (let minutes = 0; minutes < 13; minutes += 1) {
      await clock.advance(MINUTE);
      await scheduled(sweeping);
    }
    expect(await stage.get(id)).toMatchObject({ status: 'completed' });
  });

  test('is worked on where the clock was ahead still when another process had seen to it already', async () => {
    const { stage, clock, process, begin, scheduled, setAhead } = napping();
    const wrong = process();
    const right = watchClock(stage.tasks);
    await scheduled(right);
    setAhead(DAY);
    await begin(wrong);
    await clock.advance(20 * SECOND);
    await scheduled(right);
    const id = await begin(wrong);
    setAhead(0);
    for (let minutes = 0; minutes < 19; minutes += 1) {
      await clock.advance(MINUTE);
      await scheduled(right);
    }
    expect(await stage.get(id)).toMatchObject({ status: 'completed' });
  });

  test('is worked on by a process that stays up', async () => {
    const { stage, clock, process, begin, setAhead } = napping();
    const deps = process();
    const [runner, loop] = [startRunner(deps), startLoop(deps)];
    await clock.advance(10 * SECOND);
    setAhead(DAY);
    const id = await begin(deps);
    await clock.advance(2 * SECOND);
    setAhead(0);
    for (let beats = 0; beats < 80; beats += 1) await clock.advance(10 * SECOND);
    expect(await stage.get(id)).toMatchObject({ status: 'completed' });
    await clock.drive(Promise.all([runner.stop(), loop.stop()]));
  });
});

test('what is not made due in time is made due after the next sweep', async () => {
  const { clock, process, begin, setAhead } = napping();
  const deps = process();
  setAhead(DAY);
  await begin(deps);
  setAhead(0);
  const made: number[] = [];
  const tell = (count: number) => void made.push(count);
  expect(await dueAfterClock(deps, clock.now, tell)).toBe(false);
  expect(await dueAfterClock(deps, clock.now + 10 * SECOND, tell)).toBe(true);
  expect(made).toEqual([0, 1]);
});
