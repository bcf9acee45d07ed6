/** What the stream of a session of 2025-11-25 tells of the tasks that were begun in it, whatever comes between. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import type { ChangeWatch, KeptEntry } from '../../../src/calls/changes/kept.ts';
import { taskStatuses } from '../../../src/mcp/tasks/notification.ts';
import type { ClientSession } from '../../../src/mcp/sessions/sessions.ts';
import type { LogNews } from '../../../src/store/watch/listener.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Header, TaskStatus } from '../../../src/tasks/records/header.ts';
import type { Tasks } from '../../../src/tasks/work/service.ts';
import { ADA, HEADER } from './task-app.ts';

const header: Header = { ...HEADER, session: 'mine' };

const session: ClientSession = {
  id: 'mine',
  version: '2025-11-25',
  client: { name: 't', version: '0' },
  askable: {},
  reading: { partition: 'p', id: 'i', value: null, version: null },
  level: null,
  kept: {},
};

const unused = () => Promise.reject(new Error('not asked for'));

/** @param get what a read of a task answers, when the test lets it */
function listened(get: (taskId: string) => Promise<Header>, all: { taskId: string; header: Header }[] = []) {
  const told: string[] = [];
  let hear: ((news: LogNews<KeptEntry>) => void) | null = null;
  let since: number | null = null;
  const watch: ChangeWatch = {
    async watch(_log, listener) {
      hear = (news) => listener.heard(news);
      ({ since } = listener);
      return 'left';
    },
    poke() {},
  };
  const tasks: Tasks = {
    catalog: new Map(),
    on: () => tasks,
    get: (_principal, taskId) => get(taskId),
    list: () => Promise.resolve({ tasks: all, next: null }),
    begin: unused,
    begun: unused,
    page: unused,
    answer: unused,
    cancel: unused,
    countPolls: unused,
  };
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const attending = taskStatuses({ watch, tasks, runtime: { now: () => 1_000, log() {} } }).attend({
    session,
    call: { principal: ADA, account: { store: createMemoryStore() }, deadline: 2_000 },
    since: 500,
    signal: over.signal,
    reads: { left: 100 },
    tell: async ({ params }) => void told.push(`${String(params?.['taskId'])} ${String(params?.['status'])}`),
  });
  expect(since).toBe(500);
  return {
    told,
    heard: (news: Partial<LogNews<KeptEntry>>) => hear?.({ entries: [], missed: false, ...news }),
    looked: () => attending.changed(session),
  };
}

const changed = (task: string, of = 'mine') => ({ entries: [{ task, session: of }] });
const as = (status: TaskStatus) => ({ ...header, status });

describe('a session is told', () => {
  test('the newest state last, also where an earlier one takes longer to read', async () => {
    const reads = [Promise.withResolvers<Header>(), Promise.withResolvers<Header>()];
    let begun = 0;
    const { told, heard } = listened(() => reads[begun++]!.promise);
    heard(changed('a'));
    heard(changed('a'));
    reads[1]!.resolve(as('completed'));
    await Promise.resolve();
    reads[0]!.resolve(as('working'));
    await expect.poll(() => told).toEqual(['a working', 'a completed']);
  });

  test('of its own tasks alone, and of the rest where one cannot be read', async () => {
    const { told, heard } = listened((id) =>
      id === 'gone' ? Promise.reject(new Error('gone')) : Promise.resolve(as('completed')),
    );
    heard(changed('another', 'other'));
    heard(changed('gone'));
    heard(changed('b'));
    await expect.poll(() => told).toEqual(['b completed']);
  });

  test('later of what the store did not answer for', async () => {
    let isDown = true;
    const { told, heard, looked } = listened(() =>
      isDown ? Promise.reject(new TidegateError('store_unavailable', 'down')) : Promise.resolve(as('failed')),
    );
    heard(changed('c'));
    await new Promise((resolve) => setImmediate(resolve));
    isDown = false;
    looked();
    await expect.poll(() => told).toEqual(['c failed']);
  });

  test('of all of its tasks where too much changed at once to be told apart', async () => {
    const { told, heard } = listened(
      () => Promise.reject(new Error('not read by itself')),
      [
        { taskId: 'a', header: as('completed') },
        { taskId: 'x', header: { ...header, session: 'other' } },
        { taskId: 'b', header: as('cancelled') },
      ],
    );
    heard({ missed: true });
    await expect.poll(() => told).toEqual(['a completed', 'b cancelled']);
  });
});
