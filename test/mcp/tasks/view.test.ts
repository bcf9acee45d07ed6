/** A header on the wire: how long to wait, and how often one may ask. */
import { describe, expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { wireRequest } from '../../../src/declare/check/ask-wire.ts';
import * as z from 'zod';
import type { Header } from '../../../src/tasks/records/header.ts';
import { mostPolls } from '../../../src/mcp/tasks/polling.ts';
import { createdLegacyTask, legacyTask } from '../../../src/mcp/tasks/legacy-view.ts';
import { taskStatusNotification } from '../../../src/mcp/tasks/notification.ts';
import { detailedTask, pollIntervalMs } from '../../../src/mcp/tasks/view.ts';
import { HEADER as header } from './task-app.ts';

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

const of = (part: Partial<Header>) => legacyTask('id', { ...header, ...part }, 0);

describe('for a client of 2025-11-25', () => {
  const failure = { code: 'upstream' as const, message: 'The archive is closed', hint: 'try tomorrow' };
  const wrong = { content: [{ type: 'text' as const, text: 'no such file\nsecond line' }], isError: true };
  const asks = { sure: wireRequest(form('Sure?', z.object({ sure: z.boolean() })), 'ask.sure') };

  test('all of a task', () => {
    expect(of({})).toEqual({
      taskId: 'id',
      status: 'working',
      createdAt: '1970-01-01T00:00:00.000Z',
      lastUpdatedAt: '1970-01-01T00:00:00.000Z',
      ttl: 86_400_000,
      pollInterval: 500,
    });
  });

  test.each([
    ['a result that says what went wrong', { status: 'completed', result: wrong }, 'failed', wrong.content[0]!.text],
    ['a failure', { status: 'failed', failure }, 'failed', 'The archive is closed\nHint: try tomorrow.'],
    ['a question', { status: 'input_required', asks, message: 'at it' }, 'input_required', 'at it\nSure?'],
    ['an end', { status: 'completed', result: { content: [] } }, 'completed', undefined],
    ['a cancellation', { status: 'cancelled', message: 'cancelled on request' }, 'cancelled', 'cancelled on request'],
  ] as const)('%s', (_what, part, status, message) => {
    expect(of(part as Partial<Header>)).toMatchObject({ status });
    expect(of(part as Partial<Header>).statusMessage).toBe(message);
  });

  test('of a defect no words are shown, and of a long message its start', () => {
    const defect = of({ status: 'failed', failure: { code: 'internal', message: 'at /srv/app.ts:1' } });
    expect(defect.statusMessage).not.toContain('/srv/');
    expect(of({ message: 'x'.repeat(2_000) }).statusMessage).toHaveLength(1_000);
  });

  test('what a model is told at once, and whose message it is', () => {
    expect(createdLegacyTask('id', header, 0, 'It has begun.')).toMatchObject({
      task: { taskId: 'id' },
      _meta: {
        'io.modelcontextprotocol/related-task': { taskId: 'id' },
        'io.modelcontextprotocol/model-immediate-response': 'It has begun.',
      },
    });
  });
});

test('a notification of 2025-11-25 has the whole task', () => {
  const legacy = legacyTask('id', header, 7);
  expect(taskStatusNotification('id', header, 7)).toEqual({ method: 'notifications/tasks/status', params: legacy });
});
