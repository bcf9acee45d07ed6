/** What a message needs is compared with what its caller has, before it is served: in both revisions, at both paths. */
import { expect, test } from 'vitest';
import { createChallenges } from '../../src/http/challenge.ts';
import type { CountedStore } from '../../src/store/counting.ts';
import { UNRECORDED } from './callers.ts';
import { stageOf } from './host.ts';
import { answerOf, legacy, modern, type Sent } from './messages.ts';

const gate = () =>
  stageOf({
    audit: UNRECORDED,
    challenges: createChallenges({ metadataUrl: ({ url }) => `${new URL(url).pathname}/metadata` }),
  });

/** Calls to the store without those that count the requests of a caller. */
function callsForData({ calls }: CountedStore) {
  const { add: _counted, ...rest } = calls();
  return rest;
}

const call = (name: string, args: object = {}): Sent => ({ method: 'tools/call', params: { name, arguments: args } });
const read = (uri: string): Sent => ({ method: 'resources/read', params: { uri } });
const complete = (ref: object, name: string, chosen: object = {}): Sent => ({
  method: 'completion/complete',
  params: { ref, argument: { name, value: '' }, context: { arguments: chosen } },
});
const listen = (notifications: object): Sent => ({ method: 'subscriptions/listen', params: { notifications } });
const temps = { kind: 'threshold', field: 'value', above: 3 };

/** What each message needs, all of it. */
const NEEDED: readonly (readonly [Sent, string])[] = [
  [call('guarded', { name: 'x' }), 'crm:write'],
  [call('guarded'), 'crm:write'],
  [call('weather'), 'weather'],
  [call('read_latest', { stream: 'orders' }), 'streams:read:orders'],
  [call('read_history', { stream: 'orders' }), 'streams:read:orders'],
  [
    call('read_history', {
      stream: 'orders',
      from: '-1h',
      window: '5m',
      also: [{ stream: 'readings', field: 'value' }],
    }),
    'streams:read:orders streams:read:readings',
  ],
  [call('tail_stream', { stream: 'readings', seconds: 0 }), 'streams:read:readings'],
  [call('list_streams', { stream: 'orders' }), 'streams:read:orders'],
  [call('wait_for', { stream: 'orders', condition: temps, seconds: 0 }), 'tasks streams:read:orders'],
  [call('export_history', { stream: 'orders' }), 'tasks streams:read:orders'],
  [call('replay_dead_letters', { feed: 'readings' }), 'tasks admin'],
  [call('publish', { topic: 'a/b', payload: 1 }), 'streams:publish:broker'],
  [call('count'), 'tasks'],
  [call('report'), 'tasks reports'],
  [call('get_task', { task: 'x' }), 'tasks'],
  [call('answer_task', { task: 'x', answers: {} }), 'tasks'],
  [call('cancel_task', { task: 'x' }), 'tasks'],
  [read('stream://orders'), 'streams:read:orders'],
  [read('stream://orders/a'), 'streams:read:orders'],
  [read('stream://orders/a%2Fb'), 'streams:read:orders'],
  [read('feed://readings'), 'streams:read:readings'],
  [read('feed://readings/x'), 'streams:read:readings'],
  [read('feed://broker'), 'streams:publish:broker'],
  [read('ledger://2026'), 'ledger audit'],
  [{ method: 'prompts/get', params: { name: 'plan' } }, 'plans'],
  [complete({ type: 'ref/prompt', name: 'plan' }, 'of'), 'plans'],
  [complete({ type: 'ref/resource', uri: 'ledger://{year}' }, 'year'), 'ledger audit'],
  [complete({ type: 'ref/resource', uri: 'stream://{name}/{key}' }, 'key', { name: 'orders' }), 'streams:read:orders'],
];

const FREE: readonly Sent[] = [
  { method: 'tools/list' },
  { method: 'resources/list' },
  { method: 'resources/templates/list' },
  { method: 'prompts/list' },
  call('open'),
  call('nobody_knows', { stream: 'orders' }),
  call('read_result', { handle: 'x' }),
  read('about://all'),
  read('nothing://here'),
  read('stream://nobody-knows'),
  { method: 'prompts/get', params: { name: 'ask' } },
  { method: 'prompts/get', params: { name: 'nobody-knows' } },
  complete({ type: 'ref/prompt', name: 'ask' }, 'stream'),
  complete({ type: 'ref/resource', uri: 'stream://{name}' }, 'name'),
];

const REVISIONS = { '2026-07-28': modern, '2025-11-25': legacy } as const;
const PATHS = ['/mcp', '/mcp/'] as const;

test.each(NEEDED)('%o needs %s', async (sent, needed) => {
  const { host, store } = gate();
  const some = needed.split(' ').slice(1).join(' ');
  for (const [revision, message] of Object.entries(REVISIONS)) {
    for (const path of PATHS) {
      for (const held of ['', 'openid profile streams:publish:other streams:read:order', some]) {
        const { status, headers, id, error } = await answerOf(host, message(sent, held, path));
        expect([status, id], `${revision} ${path} with ${held}`).toEqual([403, 7]);
        expect(headers.get('www-authenticate')).toBe(
          `Bearer error="insufficient_scope", scope="${needed}", ` +
            `error_description="The token has not all scopes that this needs", resource_metadata="${path}/metadata"`,
        );
        expect(headers.get('content-type')).toContain('application/json');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(error).toMatchObject({ code: -32_600, data: { code: 'insufficient_scope', expected: needed } });
      }
    }
  }
  expect(callsForData(store)).toEqual({});
  for (const message of Object.values(REVISIONS)) {
    const upper = needed.replaceAll(/streams:read:\w+/g, 'streams:read').replaceAll('crm:write', 'crm');
    for (const held of [needed, upper, '*']) {
      expect((await answerOf(host, message(sent, held))).status, `with ${held}`).not.toBe(403);
    }
  }
});

test.each(FREE)('%o needs nothing', async (sent) => {
  const { host } = gate();
  for (const message of Object.values(REVISIONS)) {
    expect((await answerOf(host, message(sent, ''))).status).not.toBe(403);
  }
});

test('methods of tasks need tasks, whoever the task belongs to', async () => {
  const { host } = gate();
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const sent = { method, params: { taskId: 'x', inputResponses: {} } };
    expect((await answerOf(host, modern(sent))).status, method).toBe(403);
    expect((await answerOf(host, modern(sent, 'tasks'))).status, method).not.toBe(403);
    // One method has the later revision alone.
    const code = method === 'tasks/update' ? -32_601 : -32_602;
    expect((await answerOf(host, legacy(sent, 'tasks'))).error?.code, method).toBe(code);
  }
  // An answer to what a task asks needs what `tasks/update` does.
  const answering = legacy({ method: 'x' });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'core/x/y/z', result: {} });
  const { url, headers } = answering;
  expect((await answerOf(host, new Request(url, { method: 'POST', headers, body }))).status).toBe(403);
  for (const method of ['tasks/result', 'tasks/list']) {
    expect((await answerOf(host, legacy({ method, params: { taskId: 'x' } }))).status, method).toBe(403);
  }
});

test('a batch needs what its messages need together, and none of them is served', async () => {
  const { host, store } = gate();
  const batch = [call('open'), call('read_latest', { stream: 'orders' }), read('ledger://1'), read('stream://orders')];
  const { status, headers, text } = await answerOf(host, legacy(batch, 'ledger'));
  expect(status).toBe(403);
  expect(headers.get('www-authenticate')).toContain('scope="streams:read:orders ledger audit"');
  expect(JSON.parse(text)).toMatchObject({ id: null, error: { code: -32_600 } });
  expect(callsForData(store)).toEqual({});
  expect((await answerOf(host, legacy(batch, 'ledger audit streams:read:orders'))).status).toBe(200);
});

test('arguments are judged as they are meant, and wrong ones are answered as wrong', async () => {
  const { host } = gate();
  const asText: Sent = { method: 'tools/call', params: { name: 'read_latest', arguments: '{"stream":"orders"}' } };
  for (const message of Object.values(REVISIONS)) {
    expect((await answerOf(host, message(asText))).status).toBe(403);
    const wrong = await answerOf(
      host,
      message(call('read_latest', { stream: 5, limit: 'x' }), 'streams:read:readings'),
    );
    expect(wrong.status).toBe(200);
    expect(wrong.text).toContain('invalid_input');
  }
});

test('a listener needs what it listens to', async () => {
  const { host } = gate();
  const ofTasks = await answerOf(host, modern(listen({ taskIds: ['x'] })));
  expect(ofTasks.headers.get('www-authenticate')).toContain('scope="tasks"');
  const ofStream = await answerOf(host, modern(listen({ resourceSubscriptions: ['stream://orders', 'about://all'] })));
  expect(ofStream.headers.get('www-authenticate')).toContain('scope="streams:read:orders"');
});

test('for a caller that nothing restricts, and for what needs nothing, nothing is computed', async () => {
  const { host } = gate();
  expect((await answerOf(host, modern({ method: 'server/discover' }))).status).toBe(200);
  expect((await answerOf(host, modern(call('guarded', { name: 'x' }), '*'))).text).toContain('guarded x');
});
