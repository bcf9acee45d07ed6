/** The tools of operators are listed to callers with `admin` by name, and to nobody else; loaded then, and not before. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { defineApp, stream } from '../../src/index.ts';
import { ACTIONS } from '../../src/operate/faces/actions.ts';
import { operatorTools, toolNameOf } from '../../src/operate/faces/tools.ts';
import { effectOf } from '../../src/operate/action.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { answerOf, modern } from '../auth/messages.ts';
import { operated } from './stage.ts';

const app = defineApp({
  name: 'operated',
  version: '1',
  description: 'For operators',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }) }) },
});
const ADMIN = ACTIONS.filter(({ only }) => only !== 'command').map(toolNameOf);
const admin = (tools: readonly { name: string }[]) =>
  tools.map(({ name }) => name).filter((name) => name.startsWith('admin_'));

test('who was given everything, or anything else, sees none of them, and they are not loaded', async () => {
  const { tools, call, loads } = operated(app);
  for (const as of [
    'public/ada *',
    'public/ada streams:read tasks',
    'public/ada administrator',
    'public/ada admin:x',
  ]) {
    expect(admin(await tools(as))).toEqual([]);
    await expect(call('admin_streams_list', {}, as)).rejects.toThrow('Unknown tool');
  }
  expect(loads()).toBe(0);
});

test('who was given admin by name sees all of them, once they were loaded once', async () => {
  const { tools, call, loads } = operated(app);
  expect(admin(await tools('public/ada admin'))).toEqual(ADMIN);
  // With everything beside it, all else is listed too.
  const all = await tools('public/ada * admin');
  expect(admin(all)).toEqual(ADMIN);
  expect(all.map(({ name }) => name)).toContain('read_history');
  expect(loads()).toBe(1);
  expect(await call('admin_streams_list', { zzz: 1 })).toMatchObject({ isError: true });
  const { structured, text } = await call('admin_streams_list');
  expect(structured['streams']).toMatchObject([
    { stream: 'readings', events: 0, newestAt: null },
    { stream: 'audit' },
    { stream: 'audit_failed' },
  ]);
  expect(text).toMatch(/^STREAM +EVENTS/);
});

test('who may look by name sees what reads alone, also beside everything else', async () => {
  const { tools, call } = operated(app);
  const reads = ACTIONS.filter(({ only, effect }) => only !== 'command' && effect === 'reads').map(toolNameOf);
  for (const as of ['public/ada admin:read', 'public/ada * admin:read']) {
    expect(admin(await tools(as))).toEqual(reads);
    expect((await call('admin_streams_list', {}, as)).isError).toBe(false);
    await expect(call('admin_streams_delete', { stream: 'readings' }, as)).rejects.toThrow('Unknown tool');
  }
  expect(admin(await tools('public/ada * admin'))).toEqual(ADMIN);
});

test('an open host has none, although its caller may do everything', async () => {
  const host = createHost({
    app,
    store: createMemoryStore(),
    runtime: systemRuntime(() => {}),
    isOpen: true,
    operators: async () => operatorTools,
  });
  const { result } = await answerOf(host, modern({ method: 'tools/list' }));
  expect(admin((result as unknown as { tools: { name: string }[] }).tools)).toEqual([]);
  await host.close();
});

test('a held copy is resumed for all tenants by an operator of the app alone, and a dry run is on no record', async () => {
  const store = createMemoryStore();
  const { call } = operated(app, store);
  expect(await call('admin_resume', {}, 'evil/eve admin')).toMatchObject({ isError: true });
  expect(await call('admin_resume')).toMatchObject({ isError: false, text: 'Nothing was held.' });
  const dry = ACTIONS.filter(({ input }) => 'dryRun' in input.shape);
  expect(dry.map((action) => [effectOf(action, { dryRun: true }), effectOf(action, { dryRun: false })])).toEqual(
    dry.map(() => ['reads', 'changes']),
  );
  expect(dry.length).toBe(2);
});

test('tenants are seen and removed by an operator of the app alone, who gives the name twice', async () => {
  const store = createMemoryStore();
  const { call } = operated(app, store);
  await call('admin_feeds_list', {}, 'acme/ada admin');
  await call('admin_streams_delete', { stream: 'readings' }, 'acme/ada admin');
  const named = async () => {
    const { structured } = await call('admin_tenants_list');
    return (structured['tenants'] as { tenant: string }[]).map(({ tenant }) => tenant);
  };
  expect(await named()).toContain('acme');
  for (const [args, as] of [
    [{ name: 'acme', confirm: 'acme' }, 'acme/ada admin'],
    [{ name: 'acme', confirm: 'acme' }, 'evil/eve admin'],
    [{ name: 'acme' }, 'public/ada admin'],
    [{ name: 'acme', confirm: 'acm' }, 'public/ada admin'],
    [{ name: 'public', confirm: 'public' }, 'public/ada admin'],
  ] as const) {
    expect((await call('admin_tenants_delete', args, as)).isError).toBe(true);
  }
  expect((await call('admin_tenants_list', {}, 'acme/ada admin')).isError).toBe(true);
  expect(await named()).toContain('acme');
  const gone = await call('admin_tenants_delete', { name: 'acme', confirm: 'acme' });
  expect(gone).toMatchObject({ isError: false, structured: { tenant: 'acme' } });
  expect(await named()).not.toContain('acme');
  expect(await named()).toContain('evil');
});

test('each says what it does to what is stored, and what it answers', async () => {
  const { tools } = operated(app);
  const listed = new Map((await tools('public/ada admin')).map((tool) => [tool.name, tool]));
  for (const action of ACTIONS.filter(({ only }) => only !== 'command')) {
    const { annotations, outputSchema } = listed.get(toolNameOf(action)) ?? {};
    expect(outputSchema).toBeDefined();
    expect(annotations).toMatchObject({
      readOnlyHint: action.effect === 'reads',
      destructiveHint: action.effect === 'destroys',
    });
  }
});
