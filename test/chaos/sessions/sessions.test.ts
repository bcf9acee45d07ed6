/** The short form of `npm run chaos sessions`: listeners of every kind behind three processes, with a cut and a kill. */
import { expect, test } from 'vitest';
import { sessionRun, type SessionReport, sessionVerdict } from './run.ts';

test('whoever listens is told of the last change, over cuts and a kill', { timeout: 180_000 }, async () => {
  const report = await sessionRun({ engine: 'sqlite', seed: 20_261_130, changes: 300, cuts: 2 });
  expect(report.cut).toBeGreaterThan(0);
  expect(sessionVerdict(report)).toEqual([]);
});

const good: SessionReport = {
  setAt: new Map([['stream://marks/m1', 100]]),
  changes: 1,
  cut: 1,
  killed: 1,
  heard: [{ name: 'poll_changes', told: new Map([['stream://marks/m1', 101]]), count: 1 }],
  foreign: [{ name: 'poll_changes', count: 0 }],
  lastMs: [1],
};

test('the verdict finds what was not told, and what another tenant was told', () => {
  expect(sessionVerdict(good)).toEqual([]);
  const late = { ...good, heard: [{ name: 'poll_changes' as const, told: new Map(), count: 0 }] };
  expect(sessionVerdict(late)).toEqual(['poll_changes was not told of 1: stream://marks/m1']);
  const told = { ...good, foreign: [{ name: 'poll_changes' as const, count: 2 }] };
  expect(sessionVerdict(told)).toEqual(['poll_changes, of another tenant, was told 2 times']);
  expect(sessionVerdict({ ...good, killed: 0 })).toEqual(['no process was killed']);
});
