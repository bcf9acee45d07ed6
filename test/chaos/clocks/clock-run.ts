/**
 * A run under a clock that jumps by ±1 h and by 24 h, between two calls of the store that chance chooses, and is right again
 * some minutes later; several times. The end of the run is under a right clock.
 */
import { contentsWrong, isAllThere, standingOf } from './found.ts';
import { createWorld, DAY, EVERY_MS, HOUR, MINUTE, NAP_MS, SECOND, TASKS } from './world.ts';

export interface ClockReport {
  jumps: number;
  tasks: number;
  numbers: number;
  /** True time from the last time that the clock was set right until all that the sources had given was there, ms. */
  feedsMs: number;
  /** The same until all tasks had ended, ms. */
  tasksMs: number;
  /** What did not hold. */
  wrong: string[];
}

const WRONG = [HOUR, -HOUR, DAY];
const TICKS = 30;
/** A clock is wrong for so many ticks at most: what is removed by age is kept from it for ten minutes. */
const MOST_WRONG_TICKS = 6;
/** Within one tick the store is called about so often. */
const CALLS = 60;
/** How long feeds may take until they go on: their pace, the pause after a burst that the jump broke, and a look each ten seconds. */
const FEEDS_WITHIN_MS = EVERY_MS + 90 * SECOND;
/** The same for tasks: a sleep that begins anew, and ten minutes for which an end that a clock ahead gave is doubted. */
const TASKS_WITHIN_MS = NAP_MS + 12 * MINUTE;

export async function clockRun(environment: Record<string, string>, name: string, seed: number): Promise<ClockReport> {
  const world = await createWorld(environment, name, seed);
  const { random } = world;
  const tasks: string[] = [];
  let jumps = 0;
  let wrongTicks = 0;
  try {
    for (let tick = 0; tick < TICKS; tick += 1) {
      if (random() < 0.4) tasks.push(await world.begin(TASKS[Math.floor(random() * TASKS.length)] ?? 'patient'));
      const isWrong = world.wrongMs !== 0;
      const jumpsNow = isWrong ? wrongTicks >= MOST_WRONG_TICKS || random() < 0.4 : random() < 0.25;
      let callsLeft = jumpsNow ? Math.floor(random() * CALLS) : Infinity;
      const target = isWrong ? 0 : (WRONG[Math.floor(random() * WRONG.length)] ?? HOUR);
      const jump = () => {
        callsLeft = Infinity;
        world.wrongMs = target;
        jumps += 1;
      };
      world.beforeCall = () => (callsLeft -= 1) < 0 && jump();
      await world.tick(20 * SECOND + Math.floor(random() * 40 * SECOND));
      if (callsLeft !== Infinity) jump();
      wrongTicks = world.wrongMs === 0 ? 0 : wrongTicks + 1;
    }
    world.beforeCall = () => {};
    world.wrongMs = 0;
    world.isGiving = false;
    const rightAt = world.trueTime();
    const wrong: string[] = [];

    let feedsMs = 0;
    for (let there = false; !there; feedsMs = world.trueTime() - rightAt) {
      if (feedsMs > FEEDS_WITHIN_MS) {
        wrong.push(`feeds did not go on within ${feedsMs} ms`);
        break;
      }
      await world.tick(10 * SECOND);
      there = await isAllThere(world);
    }
    let tasksMs = 0;
    for (;;) {
      tasksMs = world.trueTime() - rightAt;
      const standing = await standingOf(world, tasks);
      const open = standing.filter((each) => each === 'working').length;
      if (open === 0) {
        wrong.push(...standing.filter((each) => each !== 'completed'));
        break;
      }
      if (tasksMs > TASKS_WITHIN_MS) {
        wrong.push(`${open} tasks did not end within ${tasksMs} ms`);
        break;
      }
      await world.tick(30 * SECOND);
    }
    for (let more = 0; more < 8 && !(await isAllThere(world)); more += 1) await world.tick(10 * SECOND);
    wrong.push(...(await contentsWrong(world)));
    const given = Object.values(world.sources).reduce((sum, source) => sum + source.given, 0);
    return { jumps, tasks: tasks.length, numbers: given, feedsMs, tasksMs, wrong };
  } finally {
    await world.close();
  }
}
