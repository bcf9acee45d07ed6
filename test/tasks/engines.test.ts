/** On each engine: what a task may hold at most fits into its commits, and is found again; and waits end. */
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { form } from '../../src/declare/ask.ts';
import { task, type Task } from '../../src/declare/task.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import { hasEnded } from '../../src/tasks/records/header.ts';
import { getPage, getTask } from '../../src/tasks/work/requests.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { requireService } from '../services/available.ts';
import { type Engine, ENGINES, type RunningEngine, startEngine } from '../services/engine.ts';
import { ADA, taskStage } from './stage.ts';
import { expectWaitsEnd } from './waits-on-engine.ts';
import { createAppStreams } from '../../src/calls/streams.ts';

const base = { description: 'a task of the test', version: '1' };
/** Two bytes each, so that sizes are those of UTF-8. */
const letters = (bytes: number) => 'é'.repeat(bytes / 2);
const big = form(letters(6_000), z.object({ name: z.string() }));

const TASKS: Record<string, Task> = {
  step: task({
    ...base,
    async run(_input, { step, sleep }) {
      const all = await Promise.all([1, 2, 3].map(() => step('large', () => letters(340_000))));
      await sleep(1);
      return String(all.join('').length);
    },
  }),
  result: task({ ...base, run: async () => letters(339_900) }),
  input: task({ ...base, input: z.object({ text: z.string() }), run: async ({ text }) => String(text.length) }),
  pages: task({ ...base, pages: true, run: async () => letters(2_000_000) }),
  all: task({
    ...base,
    policy: { stepMs: 60_000 },
    async run(_input, { step, ask, page, progress }) {
      // A header with questions, a page, large values and many small ones, all noted in the same turns.
      progress(letters(900));
      const questions = Array.from({ length: 20 }, () => ask('who', big));
      const small = Array.from({ length: 150 }, (_, n) => step('small', () => n));
      const large = [
        step('large', () => letters(340_000)),
        page(letters(300_000)),
        step('large', () => letters(340_000)),
      ];
      await Promise.all([...small, ...large]);
      return String((await Promise.race([Promise.all(questions), Promise.resolve('unanswered')])).length);
    },
  }),
  deep: task({
    ...base,
    async run(_input, { step, sleep }) {
      const value = await step('deep', () => JSON.parse(`${'['.repeat(1_000)}1${']'.repeat(1_000)}`) as number[]);
      await sleep(1);
      return String(JSON.stringify(value).length);
    },
  }),
};

async function ended(store: Store, name: string, input = {}) {
  const runtime = systemRuntime(() => {});
  const deps = {
    app: taskStage({}).app,
    store,
    runtime,
    streamsFor: createAppStreams,
    catalog: new Map(Object.entries(TASKS)),
  };
  const deadline = Date.now() + 60_000;
  const created = await createTask(deps, { principal: ADA, task: name, input, deadline, leaseMs: null });
  for (;;) {
    await runTasks(deps, deadline);
    const header = await getTask(deps, ADA, created.taskId);
    if (hasEnded(header)) return { ...header, page: (number: number) => getPage(deps, ADA, created.taskId, number) };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function expectAll(store: Store): Promise<void> {
  const textOf = async (name: string, input = {}) => {
    const { failure, result } = await ended(store, name, input);
    expect(failure).toBeNull();
    return (result?.content[0] as { text: string } | undefined)?.text ?? '';
  };
  expect(await textOf('step')).toBe('510000');
  expect(await textOf('result')).toHaveLength(339_900 / 2);
  expect(await textOf('input', { text: letters(339_000) })).toBe(String(339_000 / 2));
  expect(await textOf('all')).toBe('10');
  expect(await textOf('deep')).toBe('2001');
  const { pages, page } = await ended(store, 'pages');
  expect(pages).toBe(6);
  const texts = await Promise.all(Array.from({ length: pages }, (_, index) => page(index + 1)));
  const whole = JSON.parse(texts.map(({ text }) => text).join('')) as { content: { text: string }[] };
  expect(whole.content[0]?.text).toBe(letters(2_000_000));
}

test('memory', () => expectAll(createMemoryStore()));
test('memory: waits end', () => expectWaitsEnd(createMemoryStore()));

test('memory, with the limits of the narrowest engine', () =>
  expectAll(createMemoryStore({ limits: { commitOperations: 90, commitBytes: 420_000 } })));

const there: Record<Engine, boolean> = {
  sqlite: true,
  redis: requireService('redis'),
  dynamodb: requireService('dynamodb'),
};

describe.each(ENGINES)('%s', (engine) => {
  const runtime = systemRuntime(() => {});
  let running: RunningEngine | null = null;
  beforeAll(async () => {
    if (there[engine]) running = await startEngine(engine);
  }, 90_000);
  afterAll(async () => {
    await running?.stop();
  });

  test.skipIf(!there[engine]).for([
    ['what a task may hold', 'tasks', expectAll],
    ['waits end', 'waits', expectWaitsEnd],
  ] as const)('%s', { timeout: 90_000 }, async ([, app, expectOn]) => {
    if (running === null) throw new Error('there is no engine');
    const store = await openStore(readConfig(running.environment, 'sqlite'), runtime, app);
    try {
      await expectOn(store);
    } finally {
      await store.close();
    }
  });
});
