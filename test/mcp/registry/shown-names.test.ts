/**
 * An app that gives the tools which come with the package other names, or leaves some out: nothing that the server says names
 * one by a name that it does not have. Walks of all tools by renamed calls are in `test/tools/every-tool.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type BuiltInName, BUILT_INS, type BuiltIns } from '../../../src/declare/built-ins.ts';
import { type AppOptions, defineApp, form, from, mqtt, pull, stream, task, tool, trigger } from '../../../src/index.ts';
import { createTestApp, fakeFeed, type TestApp } from '../../../src/testing.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { composed, listedTools } from '../../tools/listed.ts';
import { OWN_NAMES, ownNames } from '../../tools/own-names.ts';

const asks = form('Which?', z.object({ which: z.string() }));
const options: AppOptions = {
  name: 'names',
  version: '1',
  description: 'All that names a tool',
  feeds: {
    devices: pull({ source: 'devices', everyMs: 1_000, pull: async () => ({ items: [] }) }),
    broker: mqtt({
      url: 'mqtt://broker.example',
      topics: { read: ['r/+'], publish: [{ topic: 'valve', response: { topic: 'r/{id}' } }] },
    }),
  },
  streams: {
    devices: stream({
      description: 'Readings',
      schema: z.object({ device: z.string(), value: z.number() }),
      key: 'device',
      feed: from('devices'),
    }),
    empty: stream({ description: 'Nothing', schema: z.object({ a: z.number() }), key: 'a' }),
  },
  triggers: {
    far: trigger({
      description: 'Far',
      on: 'devices',
      when: { kind: 'threshold', field: 'value', above: 890 },
      alarm: {},
    }),
  },
  tools: { report: tool({ description: 'Long', run: async () => 'x'.repeat(400_000) }) },
  tasks: {
    order: task({ description: 'Asks', version: '1', run: async (_input, { ask }) => (await ask('q', asks)).action }),
  },
};
/** These are there where callers are known alone. */
const FOR_KNOWN: readonly BuiltInName[] = ['subscribe', 'list_subscriptions', 'unsubscribe'];
const SHOWN = BUILT_INS.filter((name) => !FOR_KNOWN.includes(name));
const other = (name: BuiltInName) => `other-${BUILT_INS.indexOf(name)}`;
const RENAMED: BuiltIns = Object.fromEntries(BUILT_INS.map((name) => [name, { name: other(name) }]));
const appOf = (builtIns: BuiltIns, more: Partial<AppOptions> = {}) => defineApp({ ...options, ...more, builtIns });

/** All that a server with these names says: lists, instructions, answers and refusals. */
async function saidWith(builtIns: BuiltIns): Promise<Map<string, unknown>> {
  const app = appOf(builtIns);
  const said = new Map<string, unknown>([['tools', composed(app).tools.list(undefined).items]]);
  const feed = fakeFeed();
  const at = createTestApp(app, { feeds: { devices: feed } });
  const ask = async (what: string, method: string, params: Record<string, unknown> = {}) => {
    const answer = await at.request(method, params).catch((thrown: unknown) => (thrown as Error).message);
    said.set(what, answer);
    return JSON.stringify(answer);
  };
  const call = (name: BuiltInName | 'order' | 'report', args: object) => {
    const shown = name === 'order' || name === 'report' ? name : app.toolNames[name];
    return shown === null ? '' : ask(`${name} ${JSON.stringify(args)}`, 'tools/call', { name: shown, arguments: args });
  };
  feed.bring(
    ...Array.from({ length: 900 }, (_, index) => ({ stream: 'devices', data: { device: `d${index}`, value: index } })),
    { stream: 'devices', data: { device: 1 } },
  );
  await passed(at);
  for (const method of ['server/discover', 'resources/list', 'resources/templates/list']) await ask(method, method);
  for (const uri of [
    'stream://devices',
    'stream://devices/none',
    'stream://none',
    'feed://devices',
    'alarm://far/d899',
    'alarm://far/none',
    'task://x/pages/1',
    'result://x/1',
  ])
    await ask(uri, 'resources/read', { uri });
  for (const asked of [{}, { stream: 'none' }, { search: 'zzz' }]) await call('list_streams', asked);
  for (const asked of [{ stream: 'devices' }, { stream: 'empty' }, { stream: 'devices', key: 'none' }, { stream: 1 }])
    await call('read_latest', asked);
  for (const asked of [
    { stream: 'devices' },
    { stream: 'devices', from: '-1h', window: '1m', by: ['device'] },
    { stream: 'devices', estimate: true },
    { stream: 'devices', cursor: 'wrong' },
    { stream: 'devices', field: 'value' },
    { stream: 'devices', keys: ['none'] },
  ])
    await call('read_history', asked);
  await call('tail_stream', { stream: 'devices', seconds: 0 });
  await call('tail_stream', { stream: 'devices', cursor: 'wrong' });
  for (const asked of [{}, { name: 'none' }]) await call('list_triggers', asked);
  await call('try_condition', { stream: 'devices', condition: { kind: 'threshold', field: 'value', above: 800 } });
  await call('publish', { topic: 'none' });
  await call('request', { topic: 'none' });
  for (const asked of [{}, { limit: 1 }, { trigger: 'none' }, { cursor: 'wrong' }]) await call('list_alarms', asked);
  for (const asked of [{ key: 'd899' }, { key: 'none' }, { key: 'd899', action: 'clear' }])
    await call('acknowledge_alarm', { trigger: 'far', ...asked });
  await call('read_result', { handle: 'none' });
  for (const reader of ['get_task', 'cancel_task'] as const) await call(reader, { task: 'none' });
  await call('answer_task', { task: 'none', answers: [] });
  const handle = /"handle":"([^"]+)"/.exec(await call('report', {}))?.[1];
  await call('read_result', { handle, limit: 100 });
  const condition = { kind: 'threshold', field: 'value', above: 1e9 };
  await call('wait_for', { stream: 'devices', condition: { ...condition, window: 1 } });
  const begun = [
    await call('wait_for', { stream: 'devices', condition }),
    await call('export_history', { stream: 'devices' }),
    await call('replay_dead_letters', { feed: 'devices' }),
    await call('order', {}),
  ].flatMap((answer) => taskIn(answer) ?? []);
  await passed(at);
  for (const id of begun) {
    await call('get_task', { task: id });
    await call('get_task', { task: id, page: 1 });
    await call('get_task', { task: id, page: 9 });
    await call('answer_task', { task: id, answers: [{ key: 'q', action: 'accept', content: [] }] });
    await call('cancel_task', { task: id });
  }
  await at.close();
  return said;
}

const taskIn = (answer: string) => /"task":"([^"]+)"/.exec(answer)?.[1];

async function passed(at: TestApp) {
  for (let times = 0; times < 3; times += 1) await at.advance(2_000).then(() => at.scheduled());
}

const naming = (said: ReadonlyMap<string, unknown>, names: RegExp) =>
  [...said].flatMap(([what, answer]) => {
    const found = names.exec(JSON.stringify(answer));
    return found === null ? [] : [`${what}: ${found.input.slice(Math.max(0, found.index - 60), found.index + 60)}`];
  });

test('nothing names a tool by the name that it has no longer', async () => {
  const said = await saidWith(RENAMED);
  expect(naming(said, OWN_NAMES)).toEqual([]);
  // Each is named by its new one: the lists, and beside them what goes on to it.
  const whole = JSON.stringify([...said]);
  for (const name of SHOWN) expect([name, whole.includes(`"name":"${other(name)}"`)]).toEqual([name, true]);
  for (const name of ['read_history', 'tail_stream', 'get_task', 'answer_task', 'read_result', 'list_streams'] as const)
    expect([name, whole.includes(`"tool":"${other(name)}"`)]).toEqual([name, name !== 'read_result']);
  expect(whole).toContain(`First page: ${other('read_result')} {`);
});

test('all are named where none is renamed, so that this test would find them', async () => {
  const said = await saidWith({});
  for (const name of SHOWN) expect([name, naming(said, ownNames([name])).length > 0]).toEqual([name, true]);
});

describe.each(SHOWN.filter((name) => name !== 'get_task'))('without %s', (name) => {
  test('nothing names it', async () => {
    expect(naming(await saidWith({ [name]: false }), ownNames([name]))).toEqual([]);
  });
});

test('without all tools of tasks nothing names them', async () => {
  const hidden = [
    'get_task',
    'answer_task',
    'cancel_task',
    'wait_for',
    'export_history',
    'replay_dead_letters',
  ] as const;
  const app = appOf(Object.fromEntries(hidden.map((name) => [name, false])), { tasks: {} });
  const { about } = composed(app);
  expect(JSON.stringify([listedTools(app), about])).not.toMatch(ownNames(hidden));
});

test('a renamed one takes the same arguments, is called by its new name alone, and may be described anew too', async () => {
  const app = appOf({ read_latest: { name: 'now', description: 'What is now' } });
  const [before, after] = [appOf({}), app].map(listedTools);
  const listed = before?.find(({ name }) => name === 'read_latest');
  expect(after?.find(({ name }) => name === 'now')).toEqual({ ...listed, name: 'now', description: 'What is now' });
  expect(after?.map(({ name }) => name)).toEqual(before?.map(({ name }) => (name === 'read_latest' ? 'now' : name)));
  const at = createTestApp(app);
  await at.streams.append('devices', { device: 'a', value: 1 });
  expect((await at.call('now', { stream: 'devices' })).text).toContain('value=1');
  await expect(at.call('read_latest', { stream: 'devices' })).rejects.toThrow('Unknown tool: read_latest');
});

test('the tasks of one that is renamed go on under its new name', async () => {
  const store = createMemoryStore();
  const condition = { kind: 'threshold', field: 'value', above: 5 };
  const before = createTestApp(appOf({}), { store });
  const { structured } = await before.call('wait_for', { stream: 'devices', condition });
  const renamed = createTestApp(appOf({ wait_for: { name: 'await-event' } }), { store });
  const { text } = await renamed.call('get_task', { task: (structured as { task: string }).task });
  expect(text).toContain('await-event is working.');
});

const mistake = (field: string, expected: string) =>
  expect.objectContaining({ code: 'invalid_config', field, expected: expect.stringContaining(expected) });

describe('a name that cannot be given is told at the start', () => {
  test.each<[string, BuiltIns, Partial<AppOptions>, string, string]>([
    ['of no form', { read_latest: { name: 'read latest' } }, {}, 'builtIns.read_latest.name', '1 to 64 letters'],
    ['empty', { read_latest: { name: '' } }, {}, 'builtIns.read_latest.name', '1 to 64 letters'],
    ['of a tool', { read_latest: { name: 'report' } }, {}, 'builtIns.read_latest.name', 'the tool report'],
    ['of a task', { read_latest: { name: 'order' } }, {}, 'builtIns.read_latest.name', 'the task order'],
    ['of another', { read_latest: { name: 'tail_stream' } }, {}, 'builtIns.read_latest.name', 'built-in tail_stream'],
    ['of two', { publish: { name: 'x' }, request: { name: 'x' } }, {}, 'builtIns.publish.name', 'built-in request'],
    [
      'beside a task of its own name',
      { wait_for: { name: 'x' } },
      { tasks: { wait_for: task({ description: 'd', version: '1', run: async () => 'x' }) } },
      'tasks.wait_for',
      'built-in task wait_for',
    ],
  ])('one %s', (_what, builtIns, more, field, expected) => {
    expect(() => appOf(builtIns, more)).toThrow(mistake(field, expected));
  });

  test('but two may change places, and that of one which is left out is free', () => {
    const swapped = { read_latest: { name: 'read_history' }, read_history: { name: 'read_latest' } };
    expect(() => appOf(swapped)).not.toThrow();
    expect(() => appOf({ read_latest: { name: 'tail_stream' }, tail_stream: false })).not.toThrow();
    const tools = { read_latest: tool({ description: 'Mine', run: async () => 'mine' }) };
    expect(listedTools(appOf({ read_latest: { name: 'now' } }, { tools })).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['now', 'read_latest']),
    );
  });
});
