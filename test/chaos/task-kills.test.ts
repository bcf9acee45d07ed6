/** The short form of `npm run chaos tasks`: seeded kills of runners on each engine, two processes side by side. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../services/available.ts';
import { type Engine, ENGINES } from '../services/engine.ts';
import type { Mark } from './task-app.ts';
import { taskRun } from './task-run.ts';
import { extraStarts, type TaskRunReport, taskVerdict } from './task-verdict.ts';
import { byDepth } from '../depth.ts';

const servers = requireService('redis') && requireService('dynamodb');
const KILLS: Record<Engine, number> = byDepth(
  { sqlite: 2, redis: 1, dynamodb: 1 },
  { sqlite: 4, redis: 4, dynamodb: 2 },
  { sqlite: 8, redis: 8, dynamodb: 4 },
);
const TASKS_A_KILL = 10;
/** Other suites run beside this one. */
const TOLERANCE_MS = 10_000;

describe.skipIf(!servers)('SIGKILL of processes that work on tasks (needs redis-server and java)', () => {
  test.each(ENGINES)(
    '%s: every task ends, once, and no remembered step runs again',
    async (engine) => {
      const kills = KILLS[engine];
      const run = { engine, seed: 20_261_121, kills, tasks: kills * TASKS_A_KILL, toleranceMs: TOLERANCE_MS };
      const report = await taskRun(run);
      expect(report.takenUpMs.length).toBeGreaterThan(0);
      expect(taskVerdict(report)).toEqual([]);
    },
    180_000,
  );
});

function start(step: string, attempt: string, worker: string, at: number): Mark {
  return { what: 'start', key: `t/step ${step}`, attempt, worker, at };
}

describe('the verdict', () => {
  const steps = ['first', 'side', 'side#2', 'fourth', 'last'];
  const good: TaskRunReport = {
    kills: [{ worker: 'w0', at: 50 }],
    wanted: 1,
    listed: 1,
    tasks: [
      {
        taskId: 't',
        status: 'completed',
        remembered: Object.fromEntries(steps.map((step) => [`t/step ${step}`, `try of ${step}`])),
        attempts: steps.map((step) => `try of ${step}`),
        hasRun: false,
      },
    ],
    ends: { t: 1 },
    marks: [start('first', 'lost', 'w0', 40), ...steps.map((step, n) => start(step, `try of ${step}`, 'w1', 100 + n))],
    takenUpMs: [900],
    leaseMs: 1_000,
    withinMs: 1_000,
  };
  const [task] = good.tasks as [TaskRunReport['tasks'][number]];

  test('has nothing against a try that a kill cut off', () => {
    expect(extraStarts(good)).toBe(1);
    expect(taskVerdict(good)).toEqual([]);
  });

  test.each<[string, Partial<TaskRunReport>]>([
    ['2 tasks stand in the list, 1 were begun', { listed: 2 }],
    ['1 tasks did not end completed', { tasks: [{ ...task, status: 'failed' }] }],
    ['1 tasks have a run after their end', { tasks: [{ ...task, hasRun: true }] }],
    ['1 tasks have not one end in the log', { ends: { t: 2 } }],
    ['1 tasks have not one end in the log', { ends: {} }],
    [
      '1 results name other tries than those remembered',
      { tasks: [{ ...task, attempts: ['lost', ...task.attempts.slice(1)] }] },
    ],
    [
      '1 steps began again after their answer was remembered',
      { marks: [...good.marks, start('last', 'another', 'w1', 200)] },
    ],
    [
      '1 steps began again with no kill between, in processes that did not stand still',
      { kills: [{ worker: 'w0', at: 101 }] },
    ],
    ['1 steps began again with no kill between, in processes that did not stand still', { kills: [] }],
    ['1 were not taken up within 1000 ms', { takenUpMs: [1_001] }],
  ])('says: %s', (sentence, wrong) => {
    expect(taskVerdict({ ...good, ...wrong })).toEqual([sentence]);
  });

  test('has nothing against a try whose process stood still and lost its lease', () => {
    const stall: Mark = { what: 'stall', key: '', attempt: '', worker: 'w0', at: 99, ms: 400 };
    const found = [stall, { ...stall, worker: 'w1' }, { ...stall, at: 1_000, ms: 300 }].map(
      (mark) => taskVerdict({ ...good, kills: [], marks: [...good.marks, mark] }).length,
    );
    expect(found).toEqual([0, 1, 1]);
  });

  test('says that a step is missing', () => {
    const [, ...rest] = Object.entries(task.remembered);
    const tasks = [{ ...task, remembered: Object.fromEntries(rest), attempts: task.attempts.slice(1) }];
    expect(taskVerdict({ ...good, tasks })).toEqual(['1 tasks remember not every step']);
  });
});
