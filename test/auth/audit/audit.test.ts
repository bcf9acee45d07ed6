/** What callers do is on record, each once, for who has `admin`; nobody else reads it, and nobody writes it. */
import { createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createFailures } from '../../../src/auth/audit/failures.ts';
import { createAuditLog } from '../../../src/auth/audit/log.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { DAY_MS } from '../../../src/base/time/civil-day.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { withAudit } from '../../../src/hosts/audit.ts';
import { createHost } from '../../../src/hosts/host.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { defineApp, secret, stream, task, tool, TidegateError } from '../../../src/index.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, legacy, modern, type Sent } from '../messages.ts';

const ada: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: [] };
const PAYLOAD = 'what-was-sent-and-is-secret';
const VARIABLES: Record<string, string> = {
  ORDERS_TOKEN: 'a-token-of-orders-for-tests',
  HOOKS: 'a-secret-of-the-hooks',
};

const Note = z.object({ text: z.string() });
const app = defineApp({
  name: 'audited',
  version: '1',
  description: 'Tools that change something',
  streams: {
    orders: stream({
      description: 'Orders',
      schema: Note,
      push: { token: secret('ORDERS_TOKEN'), github: secret('HOOKS') },
    }),
  },
  tools: {
    look: tool({ description: 'Reads', annotations: { readOnlyHint: true }, run: async () => PAYLOAD }),
    write: tool({
      description: 'Writes',
      input: Note,
      run: async ({ text }, { streams }) => {
        await streams.append('orders', { text });
        return text;
      },
    }),
    send: tool({ description: 'Does something', run: async () => 'sent' }),
    fail: tool({
      description: 'Fails',
      run: async () => {
        throw new TidegateError('not_found', PAYLOAD);
      },
    }),
    refuse: tool({ description: 'Says that it failed', run: async () => ({ text: PAYLOAD, isError: true }) }),
    forge: tool({
      description: 'Tries to write the audit log',
      run: async (_, { streams }) => {
        await streams.append('audit', {});
        return 'done';
      },
    }),
    tidy: tool({
      description: 'Removes what it wrote',
      run: async (_, { streams }) => {
        const { id } = await streams.append('orders', { text: PAYLOAD });
        await streams.remove('orders', { id });
        return 'tidied';
      },
    }),
    erase: tool({
      description: 'Tries to remove from the audit log',
      run: async (_, { streams }) => {
        await streams.remove('audit', { ids: ['x'] } as never);
        return 'done';
      },
    }),
  },
  tasks: {
    count: task({
      description: 'Asks and counts',
      version: '1',
      run: async (_, { ask }) =>
        JSON.stringify(await ask('how', { kind: 'form', message: 'How?', schema: Note } as never)),
    }),
  },
});

interface Stage {
  logged: unknown[];
  ask: (sent: Sent, as?: string) => ReturnType<typeof answerOf>;
  send: (request: Request) => ReturnType<typeof answerOf>;
  push: (body: string, headers: Record<string, string>) => Promise<Response>;
  /** What was done, and behind it what failed. */
  records: (as?: string) => Promise<Record<string, unknown>[]>;
  pass: (ms: number) => void;
  /** Runs what a schedule runs. */
  sweep: () => Promise<unknown>;
}

/** Who calls says in its header what it is named and what it may do: `acme/ada *`. Without one it is refused. */
function stage(store: Store = createMemoryStore(), given = app): Stage {
  const logged: unknown[] = [];
  let ahead = 0;
  const system = systemRuntime((...line) => void logged.push(line));
  const host = createHost({
    app: given,
    store,
    runtime: { ...system, now: () => Date.now() + ahead },
    variable: (name) => VARIABLES[name] ?? null,
    secrets: { current: 'a secret of a test, which guards nothing', previous: null },
    authenticate({ headers }): Principal | Response {
      const [, tenant, subject, scopes] = /^(\w+)\/(\w+) (.+)$/.exec(headers.get('authorization') ?? '') ?? [];
      if (!tenant || !subject || !scopes) return new Response('who?', { status: 401 });
      return { tenant, subject, client: 'a-client', scopes: scopes.split(' ') };
    },
    pushNeeds: 'either',
    tenants: () => ['acme', 'other', 'public'],
  });
  onTestFinished(() => host.close());
  const ask = (sent: Sent, as = 'acme/ada *') => answerOf(host, modern(sent, as));
  return {
    logged,
    ask,
    send: (request) => answerOf(host, request),
    async push(body, headers) {
      const sent = { 'Content-Type': 'application/json', ...headers };
      return host.fetch(new Request('http://127.0.0.1/ingest/orders', { method: 'POST', body, headers: sent }));
    },
    async records(as = 'acme/eve admin') {
      const found: Record<string, unknown>[] = [];
      for (const name of ['audit', 'audit_failed']) {
        const { result, text } = await ask(call('read_history', { stream: name, order: 'oldest' }), as);
        const read = (result as unknown as { structuredContent?: { events: { data: Record<string, unknown> }[] } })
          ?.structuredContent;
        if (!read) throw new Error(text);
        expect(text).not.toContain(PAYLOAD);
        found.push(...read.events.map(({ data }) => data));
      }
      return found;
    },
    pass: (ms) => void (ahead += ms),
    sweep: () => host.scheduled(Date.now() + ahead + 5_000),
  };
}

const call = (name: string, args: object = {}): Sent => ({ method: 'tools/call', params: { name, arguments: args } });
const record = (more: object) => ({
  action: 'call',
  subject: 'ada',
  client: 'a-client',
  target: null,
  task: null,
  outcome: 'done',
  code: null,
  events: null,
  bytes: null,
  count: 1,
  ...more,
});

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
  const cancels = (from: number) =>
    Array.from({ length: 50 }, (_, n) => call('cancel_task', { task: `none-${from + n}` }));
  for (let from = 0; from < 200; from += 50) await send(legacy(cancels(from), 'acme/bob tasks'));
  const read = (n: number) => call('read_history', { stream: n === 0 ? 'orders' : 'audit' });
  for (let n = 0; n < 40; n += 1) {
    const batch = [...Array.from({ length: 1 + (n % 5) }, (_, place) => read(place % 2)), call('write', { text: 'x' })];
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

test('no entry waits for more than its own commit and 20 ms: neither behind one that is slow, nor in a flood', async () => {
  const inner = createMemoryStore();
  const sizes: number[] = [];
  const waiting: (() => void)[] = [];
  const commit: Store['commit'] = async (...given) => {
    for (const each of given[0]) if (each.kind === 'append') sizes.push(each.entries.length);
    if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
    return inner.commit(...given);
  };
  let isSlow = false;
  const slept: [ms: number, wake: () => void][] = [];
  const sleep = (ms: number) => new Promise<void>((wake) => void slept.push([ms, wake]));
  const runtime = { ...systemRuntime(() => {}), sleep };
  const streams = { done: 'audit', failed: 'audit_failed' };
  const log = createAuditLog({ store: { ...inner, commit }, runtime }, { streams });
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: [] };
  const note = () => log.note(principal, { action: 'call', target: 'a' });
  await note();
  isSlow = true;
  sizes.length = 0;
  const all = [note(), note(), note()];
  await setImmediate();
  expect(sizes).toEqual([1]);
  // The first has no answer yet. After 20 ms those that came meanwhile are written beside it, in one commit.
  for (const [ms, wake] of slept.splice(0)) {
    expect(ms).toBe(20);
    wake();
  }
  await setImmediate();
  expect(sizes).toEqual([1, 2]);
  // A flood: each hundred is written at once, behind nobody.
  all.push(...Array.from({ length: 250 }, note));
  await setImmediate();
  expect(sizes).toEqual([1, 2, 100, 100]);
  for (const [, wake] of slept.splice(0)) wake();
  await setImmediate();
  expect(sizes).toEqual([1, 2, 100, 100, 50]);
  for (const go of waiting) go();
  await Promise.all(all);
});

test.each<[object, number]>([
  [{ auditApart: true }, 3],
  [{ outlivesClients: false }, 3],
  [{}, 2],
])('where each request does its own work, entries are written apart (%o)', async (platform, commits) => {
  const counted = countCalls(createMemoryStore());
  const runtime = systemRuntime(() => {});
  const options: HostOptions = { app, store: counted.store, runtime, authenticate: () => ada, ...platform };
  const { audit } = withAudit(options);
  const note = async () => audit?.note(ada, { action: 'call', target: 'a' });
  // The first says beside it that there is work for the tenant.
  await note();
  counted.reset();
  await Promise.all([1, 2, 3].map(note));
  expect(counted.calls().commit).toBe(commits);
});
