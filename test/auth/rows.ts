/** The table of the matrix: what the right caller sends to every tool, method, resource and prompt, and what it is shown. */
import { call, MARKS, type Seeds } from './callers.ts';
import type { Sent } from './messages.ts';

export interface Row {
  /** What the right caller sends. The others send the same. */
  sent: (seeds: Seeds) => Sent;
  /** Whether a caller needs scopes for it. */
  scoped: boolean;
  /**
   * `handle`: of one subject, found by a handle, and another's is answered as none. `tenant`: of all subjects of a tenant.
   * `none`: it shows no data of anybody, but what the caller itself makes.
   */
  data: 'handle' | 'tenant' | 'none';
  /** What is sent that belongs to one subject: another's is answered as none. */
  handle?: (seeds: Seeds) => string;
  /**
   * What the answer shows to whom it may be shown: marks of the data, or, where there are none, words of what was done. A row
   * whose right caller is shown nothing would prove nothing of the others.
   */
  shows: readonly [string, ...string[]];
  /** What is asked once the tasks were worked on; it counts as part of the answer. */
  later?: After;
  /** Each caller sends it in a session of its own; default false. */
  inSession?: boolean;
  /** Default: both. The other revision has no such method. */
  only?: Revision;
}

export type Revision = 'modern' | 'legacy';

interface After {
  /** `right`: it looks what the call did to its things. Default: the caller itself, of what it began. */
  by?: 'right';
  /** @param task that the answer names; null: none */
  sent: (seeds: Seeds, task: string | null) => Sent | null;
}

type More = Partial<Omit<Row, 'shows'>>;

const open = (sent: Sent, shows: Row['shows'], more: More = {}): Row => ({
  sent: () => sent,
  scoped: false,
  data: 'none',
  shows,
  ...more,
});
const scoped = (sent: Sent, shows: Row['shows'], more: More = {}): Row => open(sent, shows, { scoped: true, ...more });
const ofTenant = (sent: Row['sent'], shows: Row['shows'], more: More = {}): Row => ({
  sent,
  scoped: true,
  data: 'tenant',
  shows,
  ...more,
});
const byHandle = (
  handle: (seeds: Seeds) => string,
  sent: (handle: string) => Sent,
  shows: Row['shows'],
  more: More = {},
): Row => ({
  sent: (seeds) => sent(handle(seeds)),
  handle,
  scoped: true,
  data: 'handle',
  shows,
  ...more,
});
const read = (uri: string): Sent => ({ method: 'resources/read', params: { uri } });
const subscribe = (how: string): Sent => ({ method: `resources/${how}`, params: { uri: 'stream://orders' } });
/** With a secret that is none, so that nobody is sent anything. */
const webhook = (how: string): Sent => ({
  method: `events/${how}`,
  params: { name: 'stream.orders', delivery: { mode: 'webhook', url: 'https://a.example/', secret: 'whsec_x' } },
});
const get = (name: string): Sent => ({ method: 'prompts/get', params: { name } });
const listed = (method: string, shows: Row['shows']): Row => open({ method }, shows);
const book = ({ book: task }: Seeds) => task;
const agree = ({ agree: task }: Seeds) => task;
const result = ({ handle }: Seeds) => handle;
const yes = { agreed: { action: 'accept', content: { yes: true } } };
const above = { kind: 'threshold', field: 'value', above: 0 };

export const INITIALIZE: Sent = {
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
};

/** The task that the call began, or its first page. */
const began = (page: object = {}): After => ({
  sent: (_seeds, task) => (task === null ? null : call('get_task', { task, ...page })),
});
const agreed: After = { by: 'right', sent: (seeds) => call('get_task', { task: seeds.agree }) };

export const ROWS: Readonly<Record<string, Row>> = {
  'tool open': open(call('open'), ['open']),
  'tool guarded': scoped(call('guarded', { name: 'x' }), ['guarded x']),
  'tool large': open(call('large', { text: 'x of a large answer' }), ['result://']),
  'tool weather': scoped(call('weather'), ['fine']),
  'tool list_streams': ofTenant(() => call('list_streams'), [MARKS.key], { scoped: false }),
  'tool read_latest': ofTenant(() => call('read_latest', { stream: 'orders' }), [MARKS.tenant, MARKS.key]),
  'tool read_history': ofTenant(() => call('read_history', { stream: 'orders' }), [MARKS.tenant, MARKS.key]),
  'tool tail_stream': ofTenant(
    ({ tail }) => call('tail_stream', { stream: 'orders', seconds: 0, cursor: tail }),
    [MARKS.tenant, MARKS.key],
  ),
  'tool poll_changes': byHandle(agree, (task) => call('poll_changes', { tasks: [task] }), ['"cursor":"c']),
  'tool wait_for': ofTenant(
    () => call('wait_for', { stream: 'orders', condition: above, seconds: 0 }),
    [MARKS.tenant, MARKS.key],
    { later: began() },
  ),
  'tool export_history': ofTenant(() => call('export_history', { stream: 'orders' }), [MARKS.tenant, MARKS.key], {
    later: began({ page: 1 }),
  }),
  'tool replay_dead_letters': ofTenant(() => call('replay_dead_letters', { feed: 'readings' }), [MARKS.letter], {
    later: { sent: (_seeds, task) => (task === null ? null : call('read_history', { stream: 'readings' })) },
  }),
  'tool publish': scoped(call('publish', { topic: 'a/b', payload: 1 }), ['acknowledged']),
  'tool count': scoped(call('count'), ['counted'], { later: began() }),
  'tool book': scoped(call('book', { text: 'x of a book' }), ['x of a book'], { later: began() }),
  'tool agree': scoped(call('agree', { text: 'x to agree to' }), ['x to agree to'], { later: began() }),
  'tool report': scoped(call('report'), ['reported'], { later: began() }),
  'tool get_task': byHandle(book, (task) => call('get_task', { task }), [MARKS.own]),
  'tool answer_task': byHandle(
    agree,
    (task) =>
      call('answer_task', {
        task,
        answers: [{ key: 'agreed', action: 'accept', content: [{ field: 'yes', value: true }] }],
      }),
    [`accept: ${MARKS.own}`],
    { later: agreed },
  ),
  'tool cancel_task': byHandle(agree, (task) => call('cancel_task', { task }), ['cancelled'], { later: agreed }),
  'tool read_result': byHandle(result, (handle) => call('read_result', { handle }), [MARKS.own], { scoped: false }),
  'method server/discover': open({ method: 'server/discover' }, ['supportedVersions'], { only: 'modern' }),
  'method initialize': open(INITIALIZE, ['protocolVersion'], { only: 'legacy' }),
  'method ping': open({ method: 'ping' }, ['"result":{}'], { only: 'legacy' }),
  'method logging/setLevel': open({ method: 'logging/setLevel', params: { level: 'info' } }, ['"result":{}'], {
    only: 'legacy',
    inSession: true,
  }),
  'method resources/subscribe': scoped(subscribe('subscribe'), ['"result":{}'], { only: 'legacy', inSession: true }),
  'method resources/unsubscribe': scoped(subscribe('unsubscribe'), ['"result":{}'], {
    only: 'legacy',
    inSession: true,
  }),
  'method subscriptions/listen': scoped({ method: 'subscriptions/listen' }, ['subscriptions/acknowledged'], {
    sent: (seeds) => ({
      method: 'subscriptions/listen',
      params: { notifications: { taskIds: [seeds.agree], resourceSubscriptions: ['stream://orders'] } },
    }),
    handle: agree,
    only: 'modern',
  }),
  'method tools/list': listed('tools/list', ['"open"']),
  'method tools/call': open(call('open'), ['open']),
  'method resources/list': listed('resources/list', ['about://all']),
  'method resources/templates/list': listed('resources/templates/list', ['result://{handle}/{page}']),
  'method resources/read': open(read('about://all'), ['about']),
  'method prompts/list': listed('prompts/list', ['"ask"']),
  'method prompts/get': open(get('ask'), ['"text":"ask"']),
  'method completion/complete': ofTenant(
    () => ({
      method: 'completion/complete',
      params: {
        ref: { type: 'ref/resource', uri: 'stream://{name}/{key}' },
        argument: { name: 'key', value: '' },
        context: { arguments: { name: 'orders' } },
      },
    }),
    [MARKS.key],
  ),
  'method tasks/get': byHandle(agree, (taskId) => ({ method: 'tasks/get', params: { taskId } }), [MARKS.own]),
  'method tasks/result': byHandle(book, (taskId) => ({ method: 'tasks/result', params: { taskId } }), [MARKS.own], {
    only: 'legacy',
  }),
  'method tasks/list': {
    sent: () => ({ method: 'tasks/list' }),
    scoped: true,
    data: 'handle',
    shows: [MARKS.own],
    only: 'legacy',
  },
  'method tasks/update': byHandle(
    agree,
    (taskId) => ({ method: 'tasks/update', params: { taskId, inputResponses: yes } }),
    [`accept: ${MARKS.own}`],
    { later: agreed, only: 'modern' },
  ),
  'method tasks/cancel': byHandle(agree, (taskId) => ({ method: 'tasks/cancel', params: { taskId } }), ['cancelled'], {
    later: agreed,
  }),
  'method events/list': listed('events/list', ['"events":[']),
  'method events/poll': ofTenant(
    ({ tail }) => ({ method: 'events/poll', params: { name: 'stream.orders', cursor: tail } }),
    [MARKS.tenant, MARKS.key],
  ),
  'method events/stream': scoped(
    { method: 'events/stream', params: { name: 'stream.orders' } },
    ['notifications/events/active'],
    { only: 'modern' },
  ),
  'method events/subscribe': scoped(webhook('subscribe'), ['params.delivery.secret']),
  'method events/unsubscribe': open(webhook('unsubscribe'), ['NotFound']),
  'resource about://all': open(read('about://all'), ['about']),
  'resource ledger://{year}': scoped(read('ledger://2026'), ['ledger 2026']),
  'resource stream://{name}': ofTenant(() => read('stream://orders'), [MARKS.tenant, MARKS.key]),
  'resource stream://{name}/{key}': ofTenant(() => read(`stream://orders/${MARKS.key}`), [MARKS.tenant]),
  'resource feed://{name}': ofTenant(() => read('feed://readings'), [MARKS.letter]),
  'resource feed://{name}/{before}': ofTenant(({ before }) => read(`feed://readings/${before}`), [MARKS.letter]),
  'resource result://{handle}/{page}': byHandle(result, (handle) => read(`result://${handle}/1`), [MARKS.own], {
    scoped: false,
  }),
  'resource task://{task}/pages/{page}': byHandle(book, (task) => read(`task://${task}/pages/1`), [MARKS.own]),
  'prompt ask': open(get('ask'), ['"text":"ask"']),
  'prompt plan': scoped(get('plan'), ['"text":"plan"']),
};
