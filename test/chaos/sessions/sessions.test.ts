/** The short form of `npm run chaos sessions`: listeners of every kind behind three processes, with a cut and a kill. */
import { expect, test } from 'vitest';
import { sessionRun, type SessionReport, sessionVerdict } from './run.ts';

test(
  'whoever listens is told of the last change of marks and tasks, over cuts and a kill',
  { timeout: 180_000 },
  async () => {
    const report = await sessionRun({ engine: 'sqlite', seed: 20_261_130, changes: 300, cuts: 2, tasksMs: 6_000 });
    expect(report.cut).toBeGreaterThan(0);
    expect(sessionVerdict(report)).toEqual([]);
  },
);

const good: SessionReport = {
  setAt: new Map([['stream://marks/m1', 100]]),
  changes: 1,
  cut: 1,
  killed: 1,
  endedAt: new Map([['task', 200]]),
  heard: [
    {
      name: 'poll_changes',
      told: new Map(Object.entries({ 'stream://marks/m1': 101, task: 200 })),
      tasks: ['task'],
      count: 2,
    },
  ],
  foreign: [{ name: 'poll_changes', count: 0 }],
  lastMs: [1],
};

test('the verdict finds what was not told, and what another tenant was told', () => {
  expect(sessionVerdict(good)).toEqual([]);
  const late = {
    ...good,
    heard: [{ name: 'poll_changes', told: new Map([['task', 199]]), tasks: ['task'], count: 0 }],
  };
  expect(sessionVerdict(late)).toEqual(['poll_changes was not told of 2: stream://marks/m1, task']);
  expect(sessionVerdict({ ...good, endedAt: new Map([['task', null]]) })).toEqual([
    '1 tasks did not end: task',
    'poll_changes was not told of 1: task',
  ]);
  const told = { ...good, foreign: [{ name: 'poll_changes', count: 2 }] };
  expect(sessionVerdict(told)).toEqual(['poll_changes, of another tenant, was told 2 times']);
  expect(sessionVerdict({ ...good, killed: 0 })).toEqual(['no process was killed']);
});
