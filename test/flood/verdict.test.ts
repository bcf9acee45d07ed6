/** That a flood which did harm is seen. */
import { expect, test } from 'vitest';
import { floodVerdict } from './verdict.ts';

const asked = (ms: number, status: number | null) => ({ question: 'healthz', ms, status });
const calm = { asked: Array.from({ length: 200 }, () => asked(10, 200)), closed: 0, rssMiB: 200, ended: null, log: '' };

test('a server that came through is not blamed', () => {
  expect(floodVerdict(calm, 60)).toEqual([]);
});

test.each([
  ['it ended', { ...calm, ended: 'SIGABRT' }, 20],
  ['it took much memory', { ...calm, rssMiB: 401 }, 20],
  ['good clients waited', { ...calm, asked: calm.asked.map(() => asked(1_001, 200)) }, 60],
  [
    'good clients were refused',
    { ...calm, asked: [...calm.asked, ...Array.from({ length: 50 }, () => asked(10, 503))] },
    20,
  ],
  ['nobody was served', { ...calm, asked: [] }, 60],
])('%s', (_name, report, seconds) => {
  expect(floodVerdict(report, seconds)).not.toEqual([]);
});

test('what good clients wait is not judged of a short flood', () => {
  expect(floodVerdict({ ...calm, asked: calm.asked.map(() => asked(5_000, 200)) }, 20)).toEqual([]);
});

test('nor of a server whose store shares the core of the clients, and whose heap is bounded', () => {
  const slow = { ...calm, asked: calm.asked.map(() => asked(5_000, 200)) };
  expect([floodVerdict(slow, 60, false), floodVerdict(slow, 60)]).toEqual([[], [expect.stringContaining('p99')]]);
  expect(floodVerdict({ ...calm, rssMiB: 450 }, 60, false)).toEqual([]);
  expect(floodVerdict({ ...calm, ended: '1' }, 60, false)).not.toEqual([]);
});
