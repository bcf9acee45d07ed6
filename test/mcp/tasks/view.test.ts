/** A header on the wire: how long to wait, and how often one may ask. */
import { describe, expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { wireRequest } from '../../../src/declare/check/ask-wire.ts';
import * as z from 'zod';
import type { Header } from '../../../src/tasks/records/header.ts';
import { mostPolls } from '../../../src/mcp/tasks/polling.ts';
import { detailedTask, pollIntervalMs } from '../../../src/mcp/tasks/view.ts';
import { ADA } from './task-app.ts';

const header: Header = {
  task: 't',
  version: '1',
  principal: ADA,
  status: 'working',
  message: null,
  createdAt: 0,
  updatedAt: 0,
  ttlMs: 86_400_000,
  endsBy: 86_400_000,
  asks: {},
  result: null,
  pages: 0,
  failure: null,
  origin: 'x',
};

describe('the pause between two polls', () => {
  test.each([
    [0, 500],
    [5_000, 500],
    [20_000, 2_000],
    [300_000, 30_000],
    [80_000_000, 30_000],
  ])('of a task %i ms old is %i ms', (age, pause) => {
    expect(pollIntervalMs(header, age)).toBe(pause);
  });

  test('does not become shorter with age, and is a whole number', () => {
    let before = 0;
    for (let age = 0; age < 400_000; age += 137) {
      const pause = pollIntervalMs(header, age);
      expect(Number.isInteger(pause) && pause >= before).toBe(true);
      before = pause;
    }
  });

  test('of one that asks goes by how long it has asked', () => {
    const asking: Header = { ...header, status: 'input_required', updatedAt: 500_000 };
    expect([500_000, 520_000, 900_000].map((now) => pollIntervalMs(asking, now))).toEqual([1_000, 2_000, 10_000]);
  });

  test('leaves room for one who polls ten times as often', () => {
    expect([0, 20_000, 3_600_000].map((now) => mostPolls(header, now))).toEqual([200, 50, 20]);
  });
});

test('a clock that was set back makes no time negative', () => {
  expect(pollIntervalMs({ ...header, createdAt: 10_000 }, 0)).toBe(500);
});

describe('the parts of a state', () => {
  const asks = { sure: wireRequest(form('Sure?', z.object({ sure: z.boolean() })), 'ask.sure') };
  const result = { content: [{ type: 'text' as const, text: 'done' }] };
  const failure = { code: 'internal' as const, message: 'at /srv/app.ts:1' };
  test.each([
    ['working', {}, []],
    ['input_required', { asks }, ['inputRequests']],
    ['completed', { result }, ['result']],
    ['failed', { failure, message: failure.message }, ['error']],
    ['cancelled', { message: 'cancelled on request' }, []],
  ] as const)('%s has its own, and none of the others', (status, part, expected) => {
    const task = detailedTask('id', { ...header, ...part, status }, 0);
    expect(['inputRequests', 'result', 'error', 'requestState'].filter((key) => key in task)).toEqual(expected);
    expect(JSON.stringify(task)).not.toContain('/srv/');
  });

  test('of a result with many pages only the first are linked', () => {
    const task = detailedTask('id', { ...header, status: 'completed', result, pages: 9_000 }, 0);
    expect(task.result?.content).toHaveLength(21);
    expect(task.result?.structuredContent).toMatchObject({ task: 'id', pages: 9_000 });
  });
});
