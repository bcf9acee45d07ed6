/** What callers do is on record, each once, for who has `admin`; nobody else reads it, and nobody writes it. */
import { createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFailures } from '../../../src/auth/audit/failures.ts';
import { DAY_MS } from '../../../src/base/time/civil-day.ts';
import { defineApp, stream, TidegateError } from '../../../src/index.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { legacy, type Sent } from '../messages.ts';
import { app, call, Note, PAYLOAD, record, stage, VARIABLES } from './stage.ts';

const readOf = (n: number) => call('read_history', { stream: n === 0 ? 'orders' : 'audit' });
const cancels = (from: number) =>
  Array.from({ length: 50 }, (_, n) => call('cancel_task', { task: `none-${from + n}` }));

test('tools that may change something are on record, with how they ended, and without what was sent', async () => {
  const { ask, records } = stage();
  await ask(call('look'));
  await ask({ method: 'tools/list' });
  await ask(call('write', { text: PAYLOAD }));
  await ask(call('write'));
  await ask(call('fail'));
  await ask(call('refuse'));
  expect(await records()).toEqual([
    record({ target: 'write' }),
    record({ target: 'fail', outcome: 'failed', code: 'not_found' }),
    record({ target: 'refuse', outcome: 'failed', code: 'tool_failed' }),
  ]);
});

test('tasks are on record where they are requested, answered and cancelled, whichever way was taken', async () => {
  const { ask, records } = stage();
  const begun = await ask(call('count'));
  const { taskId } = begun.result as unknown as { taskId: string };
  await ask({ method: 'tasks/update', params: { taskId, inputResponses: { how: { action: 'accept' } } } });
  await ask({ method: 'tasks/cancel', params: { taskId } });
  await ask(call('cancel_task', { task: 'no-such-task' }));
  const found = await records();
  expect(found[0]).toEqual(record({ action: 'task', target: 'count', task: taskId }));
  expect(found.map(({ action, task: id, code }) => [action, id, code])).toEqual([
    ['task', taskId, null],
    ['answer', taskId, null],
    ['cancel', taskId, null],
    ['cancel', 'no-such-task', 'not_found'],
  ]);
});

test('pushes are on record, by a token, a signature and a caller', async () => {
  const { push, records } = stage();
  const body = JSON.stringify({ text: PAYLOAD });
  const signature = createHmac('sha256', VARIABLES['HOOKS'] ?? '')
    .update(body)
    .digest('hex');
  expect((await push(body, { Authorization: `Bearer ${VARIABLES['ORDERS_TOKEN']}` })).status).toBe(200);
  expect((await push(body, { 'X-Hub-Signature-256': `sha256=${signature}` })).status).toBe(200);
  expect((await push(body, { Authorization: 'acme/bob streams:publish' })).status).toBe(200);
  const pushed = { action: 'push', target: 'orders', events: 1, bytes: body.length };
  const own = record({ ...pushed, subject: 'push:orders', client: null });
  expect(await records('public/eve admin')).toEqual([own, own]);
  expect(await records()).toEqual([record({ ...pushed, subject: 'bob' })]);
});

test('refusals are sampled: the first of a kind in a minute, and how many there were before', async () => {
  const { ask, push, records, pass } = stage();
  for (let time = 0; time < 5; time += 1) {
    expect((await ask({ method: 'tools/list' }, 'nobody')).status).toBe(401);
    expect((await ask(call('read_history', { stream: 'orders' }), 'acme/ada tasks')).status).toBe(403);
    expect((await push('{}', { 'X-Hub-Signature-256': 'sha256=wrong' })).status).toBe(401);
  }
  pass(61_000);
  expect((await ask({ method: 'tools/list' }, 'nobody')).status).toBe(401);
  const nobody = { action: 'refused', subject: null, client: null, outcome: 'failed', code: 'unauthorized' };
  expect(await records('public/eve admin')).toEqual([
    record({ ...nobody, target: 'who calls' }),
    record({ ...nobody, target: 'push' }),
    record({ ...nobody, target: 'who calls', count: 5 }),
  ]);
  const lacking = { action: 'refused', outcome: 'failed', code: 'insufficient_scope', target: 'streams:read:orders' };
  expect(await records()).toEqual([record(lacking)]);
});

test('what failed is sampled by its caller, however it is varied, and never pushes out what was done', async () => {
  const { ask, send, records, pass } = stage();
  await ask(call('send'));
  for (let from = 0; from < 200; from += 50) await send(legacy(cancels(from), 'acme/bob tasks'));
  for (let n = 0; n < 40; n += 1) {
    const batch = [
      ...Array.from({ length: 1 + (n % 5) }, (_, place) => readOf(place % 2)),
      call('write', { text: 'x' }),
    ];
    await send(legacy(n % 2 ? batch : batch.toReversed(), 'acme/bob tasks'));
  }
  const found = await records();
  expect(found[0]).toEqual(record({ target: 'send' }));
  const failed = found.filter(({ subject, outcome }) => subject === 'bob' && outcome === 'failed');
  expect(failed.filter(({ action }) => action === 'cancel')).toHaveLength(1);
  // In whichever order the messages stand, they need the same.
  const refused = failed.flatMap(({ action, target }) => (action === 'refused' ? [target] : []));
  expect(refused).toEqual(['streams:read:orders', 'admin streams:read:orders']);
  pass(61_000);
  await ask(call('cancel_task', { task: 'none' }), 'acme/bob tasks');
  expect((await records()).at(-1)).toMatchObject({ action: 'cancel', task: 'none', count: 200 });
});

test('of one caller ten kinds of failures are written in a minute, and the next counts the others', () => {
  let at = 0;
  const failures = createFailures({ now: () => at });
  const ada = { tenant: 'acme', subject: 'ada', client: null, scopes: [] };
  const counts = (from: number) =>
    Array.from({ length: 30 }, (_, n) => failures.count(ada, 'refused', `scopes ${from + n}`, 'insufficient_scope'));
  expect(counts(0)).toEqual([...Array<number>(10).fill(1), ...Array<number>(20).fill(0)]);
  expect(failures.count({ ...ada, subject: 'bob' }, 'refused', 'scopes 0', 'insufficient_scope')).toBe(1);
  at = 60_000;
  expect(counts(100)[0]).toBe(21);
});

test('what a handler removes is on record, beside its call', async () => {
  const { ask, records } = stage();
  await ask(call('tidy'));
  expect(await records()).toEqual([
    record({ action: 'remove', target: 'orders', events: 1 }),
    record({ target: 'tidy' }),
  ]);
});

test('who asks too often is on record, once a minute', async () => {
  const few = defineApp({ ...app.options, quotas: { requests: 5 } });
  const { ask, records } = stage(createMemoryStore(), few);
  for (let n = 0; n < 9; n += 1) await ask(call('look'));
  const refused = { action: 'refused', target: 'quotas.requests', outcome: 'failed', code: 'rate_limited' };
  expect(await records()).toEqual([record(refused)]);
});

test('a tenant sees its own alone', async () => {
  const { ask, records } = stage();
  await ask(call('write', { text: 'a' }));
  await ask(call('write', { text: 'b' }), 'other/zoe *');
  expect(await records()).toEqual([record({ target: 'write' })]);
  expect(await records('other/eve admin')).toEqual([record({ target: 'write', subject: 'zoe' })]);
});

test('nobody reads it without admin, whatever streams he may read, and it is not shown', async () => {
  const { ask } = stage();
  const reads: Sent[] = [
    ...['read_history', 'read_latest', 'tail_stream', 'wait_for', 'export_history'].map((name) =>
      call(name, { stream: 'audit', cursor: 'now', condition: { kind: 'count', count: 1 }, format: 'csv' }),
    ),
    call('read_history', { stream: 'orders', from: '-1h', window: '5m', also: [{ stream: 'audit', field: 'count' }] }),
    { method: 'resources/read', params: { uri: 'stream://audit' } },
  ];
  for (const sent of reads) {
    const { status, error, result, text } = await ask(sent, 'acme/ada streams:read tasks');
    const isRefused = status === 403 || error !== undefined || (result as { isError?: boolean })?.isError === true;
    expect([sent.params?.['name'], isRefused]).toEqual([sent.params?.['name'], true]);
    expect(text).not.toContain('"action"');
  }
});

test('no handler writes it or removes from it, and no push reaches it', async () => {
  const { ask, records } = stage();
  for (const name of ['forge', 'erase']) {
    const { text } = await ask(call(name));
    expect(text).toContain('The audit log is written by the server alone');
  }
  expect((await records()).map(({ target, code }) => [target, code])).toEqual([
    ['forge', 'not_supported'],
    ['erase', 'not_supported'],
  ]);
});

test('entries that come at once share commits, and none is lost', async () => {
  const inner = createMemoryStore();
  const commit: Store['commit'] = (...given) => setImmediate().then(() => inner.commit(...given));
  const counted = countCalls({ ...inner, commit });
  const { ask, records } = stage(counted.store);
  await Promise.all(Array.from({ length: 60 }, () => ask(call('send'))));
  expect(counted.calls().commit).toBeLessThan(15);
  expect(await records()).toHaveLength(60);
});

test('where the store does not take an entry, what was done is answered, and the log has it', async () => {
  const store = createMemoryStore();
  const broken: Store = { ...store, commit: () => Promise.reject(new TidegateError('store_full', 'no room')) };
  const { ask, logged } = stage(broken);
  const { text } = await ask(call('refuse'));
  expect(text).toContain(PAYLOAD);
  expect(logged).toContainEqual([
    'error',
    'the audit log cannot be written',
    expect.objectContaining({
      tenant: 'acme',
      code: 'store_full',
      entry: record({ target: 'refuse', outcome: 'failed', code: 'tool_failed' }),
    }),
  ]);
});

test('each message of a batch has its record', async () => {
  const { send, records } = stage();
  await send(legacy([call('refuse'), call('look'), call('fail')], 'acme/ada *'));
  expect(new Set((await records()).map(({ target }) => target))).toEqual(new Set(['fail', 'refuse']));
});

test('where the app has a stream of the name, the log has another', async () => {
  const own = defineApp({
    ...app.options,
    streams: { ...app.options.streams, audit: stream({ description: 'Own', schema: Note }) },
  });
  const { ask } = stage(createMemoryStore(), own);
  await ask(call('refuse'));
  await ask(call('send'));
  const read = async (name: string) => (await ask(call('read_history', { stream: name }), 'acme/eve admin')).text;
  expect([await read('audit_log'), await read('audit_log_failed')]).toEqual([
    expect.stringContaining('"send"'),
    expect.stringContaining('tool_failed'),
  ]);
});

test('what is older than 90 days is gone after the schedule ran', async () => {
  const { ask, records, pass, sweep } = stage();
  /** A clock that leapt is doubted for ten minutes. */
  const passDays = async (days: number) => {
    pass(days * DAY_MS);
    await sweep();
    pass(11 * 60_000);
    await sweep();
  };
  for (const name of ['send', 'write', 'refuse', 'fail']) await ask(call(name, { text: 'x' }));
  await passDays(89);
  expect(await records()).toHaveLength(4);
  await passDays(1);
  // The newest entry of a log always stays.
  expect((await records()).map(({ target }) => target)).toEqual(['write', 'fail']);
});
