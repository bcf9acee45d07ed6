/** `tidegate tasks`: what it prints, what it changes, and what it refuses, on a store that another process works on. */
import { join } from 'node:path';
import * as z from 'zod';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { form } from '../../../src/declare/ask.ts';
import { task } from '../../../src/declare/task.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { createTask } from '../../../src/tasks/work/create.ts';
import type { TaskDeps } from '../../../src/tasks/records/find-task.ts';
import { answerTask, getTask } from '../../../src/tasks/work/requests.ts';
import { runTasks } from '../../../src/tasks/work/run-due.ts';
import { type Child, runCli, temporaryFolder } from '../child.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';

const APP = join(import.meta.dirname, 'tasks-app.ts');
const base = { description: 'a task of the test', version: '1' };

/** What the app in `tasks-app.ts` declares, run here. */
const app = defineApp({
  name: 'tasks-app',
  version: '1',
  description: 'an app with tasks',
  tasks: {
    greet: task({
      ...base,
      async run(_input, { step, ask }) {
        await step('prepare', () => 1);
        return (await ask('who', form('Who is it?', z.object({ name: z.string() })))).action;
      },
    }),
    breaks: task({
      ...base,
      policy: { attempts: 1 },
      async run(_input, { step }) {
        await step('good', () => 1);
        await step('bad', () => Promise.reject(new Error('no \u001b[31mluck')));
        return 'never';
      },
    }),
  },
});

interface Stage {
  deps: TaskDeps;
  begin: (name: string) => Promise<string>;
  work: () => Promise<unknown>;
  cli: (...args: string[]) => Child;
}

async function onStore(): Promise<Stage> {
  const variables = { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'tasks.db') };
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(variables, 'sqlite'), runtime, app.name);
  onTestFinished(() => store.close());
  const deps = { app, store, runtime, streamsFor: createAppStreams, catalog: app.tasks };
  return {
    deps,
    async begin(name) {
      const created = await createTask(deps, {
        principal: PUBLIC,
        task: name,
        input: {},
        deadline: Date.now() + 10_000,
        leaseMs: null,
      });
      return created.taskId;
    },
    work: () => runTasks(deps, Date.now() + 10_000),
    cli: (...args) => runCli(['tasks', ...args, '--app', APP], variables),
  };
}

async function printed(child: Child): Promise<string> {
  const status = await child.ended;
  expect(child.stderr()).toBe('');
  expect(status).toBe(0);
  return child.stdout();
}

async function refused(child: Child, status: number): Promise<string> {
  expect(await child.ended).toBe(status);
  expect(child.stdout()).toBe('');
  expect(child.stderr()).not.toMatch(/^ +at /m);
  return child.stderr();
}

describe('tidegate tasks', { timeout: 30_000 }, () => {
  test('list: a table of the newest, or lines of JSON; of one status where asked', async () => {
    const { begin, work, cli } = await onStore();
    const greet = await begin('greet');
    const breaks = await begin('breaks');
    await work();
    const [table, json, failed, none] = await Promise.all([
      printed(cli('list')),
      printed(cli('list', '--json')),
      printed(cli('list', '--status', 'failed')),
      printed(cli('list', '--status', 'cancelled')),
    ]);
    expect(table).toMatch(/^ID +TASK +STATUS +AGE +MESSAGE\n/);
    expect(table).toMatch(new RegExp(`^${greet} +greet +input_required`, 'm'));
    expect(table).toMatch(new RegExp(`^${breaks} +breaks +failed`, 'm'));
    const tasks = json.trim().split('\n');
    expect(tasks.map((line) => (JSON.parse(line) as { taskId: string }).taskId).sort()).toEqual([greet, breaks].sort());
    expect(failed).toContain(breaks);
    expect(failed).not.toContain(greet);
    expect(none).toMatch(
      /^No tasks are found of the app [\w-]+\. Those of another are found with --app FILE, and those of a key with --subject, its name\.\n$/,
    );
  });

  test('show: the steps with their tries, what is asked, and nothing that a terminal would obey', async () => {
    const { begin, work, cli } = await onStore();
    const greet = await begin('greet');
    const breaks = await begin('breaks');
    await work();
    const [asking, broken, json] = await Promise.all([
      printed(cli('show', greet)),
      printed(cli('show', breaks)),
      printed(cli('show', greet, '--json')),
    ]);
    expect(asking).toMatch(/asks who: Who is it\?/);
    expect(asking).toMatch(/^ +done +prepare$/m);
    expect(broken).toMatch(/^ +failed +bad +1 try failed +internal: no \\u001b\[31mluck$/m);
    expect(broken).not.toContain('\u001b');
    expect(JSON.parse(json)).toMatchObject({
      taskId: greet,
      run: { state: 'waiting' },
      steps: [{ name: 'prepare', state: 'done' }],
    });
  });

  test('show --watch: new lines until the task has ended', async () => {
    const { deps, begin, work, cli } = await onStore();
    const id = await begin('greet');
    const child = cli('show', id, '--watch');
    await expect.poll(() => child.stdout(), { timeout: 15_000 }).toContain('working');
    await work();
    await expect.poll(() => child.stdout(), { timeout: 15_000 }).toContain('asks who');
    await answerTask(deps, PUBLIC, id, { who: { action: 'decline' } }, Date.now() + 10_000);
    await work();
    const lines = (await printed(child)).trim().split('\n');
    expect(lines.at(-1)).not.toContain('input_required');
    expect(lines.join('\n')).toMatch(/completed/);
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('cancel ends it, once', async () => {
    const { deps, begin, cli } = await onStore();
    const id = await begin('greet');
    expect(await printed(cli('cancel', id))).toBe(`${id} is cancelled\n`);
    expect((await getTask(deps, PUBLIC, id)).status).toBe('cancelled');
    expect(await refused(cli('cancel', id), 1)).toContain('has ended already: cancelled');
  });

  test('retry begins a failed one again, and no other', async () => {
    const { deps, begin, work, cli } = await onStore();
    const id = await begin('breaks');
    expect(await refused(cli('retry', id), 1)).toContain('is working');
    await work();
    const said = await printed(cli('retry', id));
    const [, again = ''] = /is tried again as (\S+)/.exec(said) ?? [];
    expect(await getTask(deps, PUBLIC, again)).toMatchObject({ status: 'working', origin: id });
  });

  test.each([
    [['show', 'nothing'], 1, /no such task/],
    [['cancel', 'nothing'], 1, /no such task/],
    [['retry', 'nothing'], 1, /no such task/],
    [['show', '-'.repeat(22)], 1, /no such task/],
    [['show'], 2, /needs the id of a task/],
    [['list', 'all'], 2, /tasks list takes no word all/],
    [['drop', 'x'], 2, /no command drop: expected one of the commands list, show, answer, cancel, retry/],
    [['list', '--status', 'odd'], 2, /--status odd: expected one of the statuses working/],
    [['list', '--limit', '0'], 2, /--limit 0: expected/],
  ])('%j is refused with status %i', async (args, status, words) => {
    const { cli } = await onStore();
    expect(await refused(cli(...args), status)).toMatch(words);
  });
});
