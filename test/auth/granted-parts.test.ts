/** The registries of the parts of an app: callers to whom the same is granted have one, and the rest of the app is not in it. */
import { expect, test } from 'vitest';
import type { Caller } from '../../src/calls/caller.ts';
import { composeRegistries } from '../../src/hosts/serving.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { defineApp, type TidegateError } from '../../src/index.ts';
import type { Store } from '../../src/store/store.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { stageOf } from './host.ts';
import { richApp } from './rich-app.ts';

test('callers to whom the same is granted share a registry, and the latest 64 parts are kept', () => {
  const { runtime, store } = stageOf();
  const scoped = Array.from({ length: 80 }, (_, n) => [`s${n}`, richApp.options.streams?.['orders']]);
  const app = defineApp({ ...richApp.options, feeds: {}, streams: Object.fromEntries(scoped) as never, prompts: {} });
  const { of, whole } = composeRegistries({ app, runtime, store: store.store } as Deps, {});
  const to = (...scopes: string[]) => of({ scopes });
  expect(to('*', 'x')).toBe(whole);
  const first = to('streams:read:s0');
  expect(to('openid', 'streams:read:s0', 'profile')).toBe(first);
  expect(to('streams:read:s0', 'streams:read:nobody-knows', `x${'y'.repeat(4_000)}`)).toBe(first);
  expect(to('streams:read:s1')).not.toBe(first);
  // One scope with a space in it is not two, whichever came first.
  const two = to('streams:read:s0', 'streams:read:s1');
  expect(to('streams:read:s0 streams:read:s1')).not.toBe(two);
  for (let n = 1; n < 64; n += 1) to(`streams:read:s${n}`);
  expect(to('streams:read:s0')).not.toBe(first);
});

test('what a gate let through by mistake is not there in the registry of the part', async () => {
  const { app, runtime, store } = stageOf();
  const deps = withTasks({ app, runtime, store: store.store });
  const { of, whole } = composeRegistries(deps, { tasks: createTasks(deps, BY_SCHEDULE) });
  const caller = callerOf(store.store, runtime.now() + 5_000);
  const asked: [string, object][] = [
    ['read_latest', { stream: 'orders' }],
    ['read_history', { stream: 'readings', from: '-1h', window: '5m', also: [{ stream: 'orders', field: 'value' }] }],
    ['tail_stream', { stream: 'orders', seconds: 0 }],
    ['wait_for', { stream: 'orders', condition: { kind: 'absence', forMs: 1_000 } }],
    ['export_history', { stream: 'orders' }],
    ['list_streams', { stream: 'orders' }],
    ['guarded', { name: 'x' }],
    ['report', {}],
    ['publish', { topic: 'a/b', payload: 1 }],
    ['replay_dead_letters', { feed: 'readings' }],
  ];
  const part = of({ scopes: ['tasks', 'streams:read:readings'] });
  for (const [name, args] of asked) {
    const told = await part.tools.call(name, args, caller).then(
      (answer) => JSON.stringify(answer),
      (thrown: unknown) => JSON.stringify([(thrown as TidegateError).code, (thrown as TidegateError).expected]),
    );
    expect([name, told]).toEqual([name, expect.stringContaining('not_found')]);
    expect(told).not.toMatch(/streams orders|orders,|guarded x/);
  }
  for (const uri of ['stream://orders', 'stream://orders/a', 'feed://broker', 'ledger://2026']) {
    await expect(part.resources.read(uri, caller), uri).rejects.toMatchObject({ code: 'not_found' });
  }
  await expect(part.prompts.get('plan', {}, caller)).rejects.toMatchObject({ code: 'not_found' });
  expect(JSON.stringify(await whole.tools.call('guarded', { name: 'x' }, caller))).toContain('guarded x');
});

function callerOf(store: Store, deadline: number): Caller {
  return {
    principal: { tenant: 'acme', subject: 'ada', client: null, scopes: [] },
    account: { store },
    signal: new AbortController().signal,
    deadline,
    clientCapabilities: {},
    retry: null,
    meta: {},
    log: () => {},
    progress: () => {},
    emit: () => {},
  };
}
