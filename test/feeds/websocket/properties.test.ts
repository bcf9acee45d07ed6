/** Whatever happens to connections, processes and messages: with ids and a history, nothing is lost and nothing doubled. */
import { beforeAll, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { settle } from '../run/stage.ts';
import { catchUp, scene, upTo } from './scene.ts';

type Act =
  | { does: 'emit'; times: number }
  /** Told when others have been told already, or not at all where the connection is gone by then. */
  | { does: 'delay' }
  | { does: 'deliver' }
  | { does: 'drop'; code: number }
  | { does: 'pass'; ms: number }
  | { does: 'history'; status: number }
  /** The process is killed at its nth commit from here: before the store has it, or before the answer comes back. */
  | { does: 'kill'; nth: number; before: boolean };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('emit' as const), times: fc.integer({ min: 0, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 8_000 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('delay' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('deliver' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('drop' as const), code: fc.constantFrom(1001, 1006, 1013) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('history' as const), status: fc.constantFrom(200, 200, 503) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('kill' as const),
      nth: fc.integer({ min: 1, max: 4 }),
      before: fc.boolean(),
    }),
  },
);

beforeAll(() => import('../../../src/feeds/websocket/run-burst.ts'));

/** What is stored when all of it has happened and the source has been in order for a while. */
async function stored(acts: readonly Act[], events: number): Promise<(number | string)[]> {
  const here = scene({ catchUp, everyMs: 12_000, pauseMs: 5_000, budget: { timeMs: 10_000, events } });
  const { source, stage } = here;
  let left = Number.POSITIVE_INFINITY;
  let before = true;
  let running: Promise<unknown> | null = null;
  let delayed: ReturnType<typeof source.emit>[] = [];
  let delayedAt = 0;
  const start = async () => {
    const { ended } = await here.begin(async (_, __, next) => {
      left -= 1;
      if (left > 0) return next();
      if (left === 0 && !before) await next();
      return new Promise(() => {});
    });
    running = ended.then(
      () => (running = null),
      () => (running = null),
    );
  };
  const pass = async (ms: number) => {
    // A burst that finds itself far behind its end is given up by the run.
    for (let rest = ms; rest > 0; rest -= 500) {
      await stage.clock.advance(Math.min(rest, 500));
      if (running === null) await start();
    }
  };
  await start();
  for (const step of acts) {
    // The overlap covers what is on its way no longer than that.
    if (delayed.length > 0 && stage.clock.now - delayedAt > 5_000) delayed = [];
    if (step.does === 'emit') source.emit(step.times);
    if (step.does === 'delay') {
      if (delayed.length === 0) delayedAt = stage.clock.now;
      delayed.push(source.emit(0));
    }
    if (step.does === 'deliver') for (const event of delayed.splice(0)) source.tell(event);
    if (step.does === 'drop') {
      source.drop(step.code);
      await settle();
    }
    if (step.does === 'history') source.historyStatus = step.status;
    if (step.does === 'kill') [left, before] = [step.nth, step.before];
    if (step.does === 'pass') await pass(step.ms);
    if (left <= 0) {
      // It is gone, and its lease runs out.
      [left, running] = [Number.POSITIVE_INFINITY, null];
      source.drop();
      await pass(31_000);
    }
  }
  source.historyStatus = 200;
  left = Number.POSITIVE_INFINITY;
  running = null;
  source.drop(1001);
  // As long as the longest pause of a breaker, and the bursts after it.
  await pass(400_000);
  return here.stored();
}

test('all that happened since the first connection is stored once, in whatever order connections and processes go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 5, maxLength: 40 }),
      fc.constantFrom(5, 10_000),
      async (acts, events) => {
        const happened = acts.filter(({ does }) => does === 'emit' || does === 'delay').length;
        const numbers = (await stored(acts, events)).filter((found) => typeof found === 'number');
        expect(numbers.toSorted((a, b) => a - b)).toEqual(upTo(happened));
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);
