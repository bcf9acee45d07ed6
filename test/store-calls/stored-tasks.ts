/** Tasks that leave behind whatever tasks can leave. */
import * as z from 'zod';
import { form } from '../../src/declare/ask.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { replayDeadLetters } from '../../src/feeds/run/replay-dead-letters.ts';
import { task } from '../../src/index.ts';
import { createSealer } from '../../src/base/seal.ts';
import { createResults } from '../../src/calls/results.ts';
import { takeOnce } from '../../src/store/take-once.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { usedStateKey } from '../../src/calls/names.ts';
import { createEndedLogins } from '../../src/auth/login/ended-logins.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { pushedKey, signedKey } from '../../src/streams/log/publish-many.ts';
import { publishMany } from '../../src/streams/log/publish-many.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { followAll } from '../../src/tasks/waits/watch.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const base = { description: 'd', version: '1' };

export const tasks = {
  asks: task({
    ...base,
    async run(_input, { page, ask }) {
      await page('one');
      return (await ask('go', form('Go on?', z.object({ go: z.boolean() })))).action;
    },
  }),
  waits: task({
    ...base,
    run: async (_input, { waitFor }) =>
      JSON.stringify(await waitFor('readings', { kind: 'threshold', field: 'celsius', above: 1_000 })),
  }),
  counts: task({
    ...base,
    run: async (_input, { waitFor }) =>
      JSON.stringify(await waitFor('readings', { kind: 'count', atLeast: 1_000, withinMs: 60_000, perKey: true })),
  }),
  ends: task({ ...base, run: async () => 'done' }),
  limited: task({ ...base, policy: { concurrency: { all: 2 } }, run: async () => 'done' }),
};

export async function driveTasks(deps: Deps, feed: string): Promise<void> {
  const { runtime, store } = deps;
  const taskDeps = { ...deps, streamsFor: createAppStreams, catalog: new Map(Object.entries(tasks)) };
  const deadline = runtime.now() + 20_000;
  const begin = (name: string, leaseMs: number | null, once: string | null = null) =>
    createTask(taskDeps, { principal: PUBLIC, task: name, input: {}, deadline, leaseMs, once });
  // Taken, and never worked on: its place stays taken.
  await begin('limited', 60_000);
  const { taskId } = await begin('asks', null, 'a key');
  await begin('waits', null);
  await begin('counts', null);
  await begin('ends', null);
  const { entered, ended } = await runTasks(taskDeps, deadline);
  if (entered !== 4 || ended !== 1) throw new Error(`${entered} entered, ${ended} ended`);
  // So many keys that what is counted is kept in parts.
  for (let n = 0; n < 60; n += 1) {
    await createAppStreams(deps, PUBLIC).append('readings', { id: `n${n}`, sensor: `t${n}`, celsius: 2 });
  }
  await createAppStreams(deps, PUBLIC).append('readings', { id: 'cold', sensor: 't', celsius: 2 });
  await followAll(deps, deadline);
  await replayDeadLetters(scopeOfLogs(deps, PUBLIC), feed, deadline);
  const stream = deps.app.streams.get('readings');
  if (!stream) throw new Error('no stream');
  const once = { record: pushedKey(PUBLIC, 'readings', 'a key'), fingerprint: 'f', keptMs: 60_000 };
  const signed = { record: signedKey('readings', 'a key'), fingerprint: '', keptMs: 60_000 };
  const cold = { data: { id: 'cold', sensor: 't', celsius: 2 }, place: 'body' };
  await publishMany(scopeOfLogs(deps, PUBLIC), stream, [cold], { once: signed, deadline });
  await createKey(deps, { name: 'a', tenant: 'public', scopes: ['tasks'], expiresAt: null });
  await createEndedLogins(store, runtime).add({ credential: '', id: runtime.newId(), expiresAt: deadline });
  await publishMany(
    scopeOfLogs(deps, PUBLIC),
    stream,
    [{ data: { id: 'cold', sensor: 't', celsius: 2 }, place: 'body' }],
    {
      once,
      deadline,
    },
  );
  await takeOnce(runtime, store, usedStateKey(PUBLIC.tenant, 'a state'), deadline, deadline);
  const sealer = createSealer({ current: 'a secret of the test', previous: null }, 'result');
  const results = createResults({
    runtime,
    sealer,
    bytes: 65_536,
    structuredBytes: 65_536,
    keptMs: 60_000,
    most: deps.app.quotas,
    reader: 'read_result',
  });
  const caller = { principal: PUBLIC, account: { store }, deadline };
  await results.fit({ content: [{ type: 'text', text: 'x'.repeat(100_000) }] }, false, caller);
  const window = { start: runtime.now(), end: runtime.now() + 10_000 };
  await createTasks(taskDeps, BY_SCHEDULE).countPolls(PUBLIC, taskId, 1, window);
}
