/** Who asks too often: an ordinary poller costs one call to the store, a fast one is refused, at every instance, for a while. */
import { expect, test } from 'vitest';
import { form } from '../../../src/declare/ask.ts';
import { task } from '../../../src/declare/task.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createPoll, POLL_WINDOW_MS } from '../../../src/mcp/tasks/polling.ts';
import { BY_SCHEDULE } from '../../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { ADA, EVE } from './task-app.ts';
import { taskStage } from '../../tasks/stage.ts';
import * as z from 'zod';

async function stage() {
  const declared = {
    nap: task({
      description: 'd',
      version: '1',
      run: async (_input, { ask }) => (await ask('x', form('x', z.object({})))).action,
    }),
  };
  const at = taskStage(declared);
  const taskId = await at.begin('nap');
  at.clock.now = Math.ceil(at.clock.now / POLL_WINDOW_MS) * POLL_WINDOW_MS;
  function instance() {
    const counted = countCalls(at.store);
    const tasks = createTasks({ ...at.tasks, store: counted.store }, BY_SCHEDULE);
    const poll = createPoll(at.tasks.runtime);
    return {
      counted,
      poll: (principal: Principal, id: string, readsPage = false) => poll(tasks, principal, id, readsPage),
    };
  }
  return { clock: at.clock, taskId, instance, cancel: () => at.cancel(taskId) };
}

test.each([
  ['five times a second, for ten seconds', 200, 50],
  ['once a second, for ten minutes', 1_000, 600],
])('%s, costs one call each', async (_how, everyMs, times) => {
  const { clock, taskId, instance } = await stage();
  const { counted, poll } = instance();
  for (let polls = 0; polls < times; polls += 1) {
    clock.now += everyMs;
    await poll(ADA, taskId);
  }
  expect(counted.calls()).toEqual({ get: times });
});

test('much faster is refused until the window is over, without a call', async () => {
  const { clock, taskId, instance } = await stage();
  const { counted, poll } = instance();
  let allowed = 0;
  const refusal = await (async () => {
    for (;;) {
      clock.now += 1;
      try {
        await poll(ADA, taskId);
        allowed += 1;
      } catch (error) {
        return error;
      }
    }
  })();
  expect(allowed).toBe(200);
  expect(refusal).toMatchObject({ code: 'rate_limited', retryAfterMs: POLL_WINDOW_MS - 201 });
  counted.reset();
  await expect(poll(ADA, taskId)).rejects.toMatchObject({ code: 'rate_limited' });
  expect(counted.total()).toBe(0);
  clock.now += POLL_WINDOW_MS;
  expect((await poll(ADA, taskId)).status).toBe('working');
});

test('instances count together, from where one of them is too fast', async () => {
  const { taskId, instance } = await stage();
  const instances = [instance(), instance(), instance()];
  const polls = Array.from({ length: 150 }, () => instances.map(({ poll }) => poll(ADA, taskId)));
  const settled = await Promise.allSettled(polls.flat());
  const answered = settled.filter(({ status }) => status === 'fulfilled').length;
  expect(answered).toBeGreaterThanOrEqual(200);
  expect(answered).toBeLessThan(320);
});

test('what is not there is not counted, and says nothing of being fast', async () => {
  const { taskId, instance } = await stage();
  const { poll } = instance();
  for (let polls = 0; polls < 300; polls += 1) {
    await expect(poll(EVE, taskId)).rejects.toMatchObject({ code: 'not_found' });
  }
  expect((await poll(ADA, taskId)).status).toBe('working');
});

test('pages of a task that has ended are no polls; those of one that goes on are', async () => {
  const { clock, taskId, instance, cancel } = await stage();
  const { poll } = instance();
  const pages = (most: number) => Promise.allSettled(Array.from({ length: most }, () => poll(ADA, taskId, true)));
  const refused = async (most: number) => (await pages(most)).filter(({ status }) => status === 'rejected').length;
  expect(await refused(250)).toBeGreaterThan(0);
  clock.now += POLL_WINDOW_MS;
  await cancel();
  expect(await refused(250)).toBe(0);
  expect((await poll(ADA, taskId)).status).toBe('cancelled');
});
