/**
 * Every tool, method, resource, prompt and route, for nobody, for callers that are wrong in one thing, and for the right
 * one. What the registry or the routes have and the table lacks fails here: whoever adds one says whose its data are.
 */
import { describe, expect, test } from 'vitest';
import { composeRegistries } from '../../src/hosts/serving.ts';
import { methodsOf } from '../../src/mcp/serve/dispatch.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import {
  call,
  CALLERS,
  type CallerName,
  MARKS,
  type MatrixStage,
  matrixStage,
  otherThan,
  type Seeds,
} from './callers.ts';
import { stageOf } from './host.ts';
import { answerOf, type Answered, legacy, modern, type Sent } from './messages.ts';

interface Row {
  /** What the right caller sends. */
  sent: (seeds: Seeds) => Sent;
  /** Whether a caller needs scopes for it. */
  scoped: boolean;
  /**
   * `handle`: of one subject, found by a handle, and another's is answered as none. `tenant`: of all subjects of a tenant.
   * `none`: it shows no data of anybody, but what the caller itself makes.
   */
  data: 'handle' | 'tenant' | 'none';
  /** For `handle`: the handle that is sent. */
  handle?: (seeds: Seeds) => string;
  /** What of the data the right caller's answer shows. Default: all. */
  shows?: readonly string[];
  /** Default: both. */
  only?: 'modern';
}

const open = (sent: Sent): Row => ({ sent: () => sent, scoped: false, data: 'none' });
const scoped = (sent: Sent): Row => ({ sent: () => sent, scoped: true, data: 'none' });
const ofTenant = (sent: Sent, more: Partial<Row> = {}): Row => ({
  sent: () => sent,
  scoped: true,
  data: 'tenant',
  ...more,
});
const byHandle = (handle: (seeds: Seeds) => string, sent: (handle: string) => Sent, more: Partial<Row> = {}): Row => ({
  sent: (seeds) => sent(handle(seeds)),
  handle,
  scoped: true,
  data: 'handle',
  ...more,
});
const read = (uri: string): Sent => ({ method: 'resources/read', params: { uri } });
const get = (name: string): Sent => ({ method: 'prompts/get', params: { name } });
const book = ({ book: task }: Seeds) => task;
const agree = ({ agree: task }: Seeds) => task;
const yes = { agreed: { action: 'accept', content: { yes: true } } };

const ROWS: Readonly<Record<string, Row>> = {
  'tool open': open(call('open')),
  'tool guarded': scoped(call('guarded', { name: 'x' })),
  'tool large': open(call('large', { text: 'x' })),
  'tool weather': scoped(call('weather')),
  'tool list_streams': ofTenant(call('list_streams'), { scoped: false, shows: [MARKS.key] }),
  'tool read_latest': ofTenant(call('read_latest', { stream: 'orders' })),
  'tool read_history': ofTenant(call('read_history', { stream: 'orders' })),
  'tool tail_stream': ofTenant(call('tail_stream', { stream: 'orders', seconds: 0 }), { shows: [] }),
  'tool wait_for': ofTenant(
    call('wait_for', { stream: 'orders', condition: { kind: 'threshold', field: 'value', above: 0 }, seconds: 0 }),
    { shows: [] },
  ),
  'tool export_history': ofTenant(call('export_history', { stream: 'orders' }), { shows: [] }),
  'tool replay_dead_letters': ofTenant(call('replay_dead_letters', { feed: 'readings' }), { shows: [] }),
  'tool publish': scoped(call('publish', { topic: 'a/b', payload: 1 })),
  'tool count': scoped(call('count')),
  'tool book': scoped(call('book', { text: 'x' })),
  'tool agree': scoped(call('agree', { text: 'x' })),
  'tool report': scoped(call('report')),
  'tool get_task': byHandle(book, (task) => call('get_task', { task })),
  'tool answer_task': byHandle(
    agree,
    (task) =>
      call('answer_task', {
        task,
        answers: [{ key: 'agreed', action: 'accept', content: [{ field: 'yes', value: true }] }],
      }),
    { shows: [] },
  ),
  'tool cancel_task': byHandle(agree, (task) => call('cancel_task', { task }), { shows: [] }),
  'tool read_result': byHandle(
    ({ handle }) => handle,
    (handle) => call('read_result', { handle }),
    { scoped: false },
  ),
  'method tools/list': open({ method: 'tools/list' }),
  'method tools/call': open(call('open')),
  'method resources/list': open({ method: 'resources/list' }),
  'method resources/templates/list': open({ method: 'resources/templates/list' }),
  'method resources/read': open(read('about://all')),
  'method prompts/list': open({ method: 'prompts/list' }),
  'method prompts/get': open(get('ask')),
  'method completion/complete': ofTenant(
    {
      method: 'completion/complete',
      params: {
        ref: { type: 'ref/resource', uri: 'stream://{name}/{key}' },
        argument: { name: 'key', value: '' },
        context: { arguments: { name: 'orders' } },
      },
    },
    { shows: [MARKS.key] },
  ),
  'method tasks/get': byHandle(book, (taskId) => ({ method: 'tasks/get', params: { taskId } }), { only: 'modern' }),
  'method tasks/update': byHandle(
    agree,
    (taskId) => ({ method: 'tasks/update', params: { taskId, inputResponses: yes } }),
    { shows: [], only: 'modern' },
  ),
  'method tasks/cancel': byHandle(agree, (taskId) => ({ method: 'tasks/cancel', params: { taskId } }), {
    shows: [],
    only: 'modern',
  }),
  'resource about://all': open(read('about://all')),
  'resource ledger://{year}': scoped(read('ledger://2026')),
  'resource stream://{name}': ofTenant(read('stream://orders')),
  'resource stream://{name}/{key}': ofTenant(read(`stream://orders/${MARKS.key}`), { shows: [MARKS.tenant] }),
  'resource feed://{name}': ofTenant(read('feed://readings'), { shows: [] }),
  'resource feed://{name}/{before}': ofTenant(read('feed://readings/x'), { shows: [] }),
  'resource result://{handle}/{page}': byHandle(
    ({ handle }) => handle,
    (handle) => read(`result://${handle}/1`),
    { scoped: false },
  ),
  'resource task://{task}/pages/{page}': byHandle(book, (task) => read(`task://${task}/pages/1`)),
  'prompt ask': open(get('ask')),
  'prompt plan': scoped(get('plan')),
};

test('the table has every tool, method, resource and prompt, and no more', () => {
  const { app, store, runtime } = stageOf();
  const deps = withTasks({ app, store: store.store, runtime });
  const { whole } = composeRegistries(deps, { tasks: createTasks(deps, BY_SCHEDULE) });
  const fixed = [...app.resources.values()].map(({ uri }) => uri).filter((uri) => !uri.includes('{'));
  const served = [
    ...whole.tools.list(undefined).items.map(({ name }) => `tool ${name}`),
    ...methodsOf(whole).map((name) => `method ${name}`),
    ...[...fixed, ...whole.resources.templates(undefined).items.map(({ uriTemplate }) => uriTemplate)].map(
      (uri) => `resource ${uri}`,
    ),
    ...whole.prompts.list(undefined).items.map(({ name }) => `prompt ${name}`),
  ];
  expect(served.toSorted()).toEqual(Object.keys(ROWS).toSorted());
});

interface Told {
  status: number;
  headers: string[];
  text: string;
  calls: object;
}

const REVISIONS = { '2026-07-28': modern, '2025-11-25': legacy } as const;

describe.each(Object.entries(ROWS))('%s', (_name, row) => {
  test.each(Object.entries(REVISIONS))('%s', async (revision, message) => {
    if (row.only === 'modern' && revision !== '2026-07-28') return;
    const stage = await matrixStage();
    const ask = async (caller: CallerName, sent: Sent): Promise<Told & Answered> => {
      stage.store.reset();
      const answer = await answerOf(stage.host, message(sent, stage.headers[caller]));
      // Requests are counted for the caller itself.
      const { add: _counted, ...calls } = stage.store.calls();
      return { ...answer, headers: [...answer.headers].map(String).toSorted(), calls } as never;
    };
    const sent = row.sent(stage.seeds);
    // The right caller comes last: what it does may end what the others ask for.
    for (const caller of CALLERS) {
      const told = await ask(caller, sent);
      // What a caller names itself tells it nothing.
      const shown = marksIn(told).filter((mark) => !JSON.stringify(sent).includes(mark));
      if (caller === 'nobody') expect([told.status, told.calls]).toEqual([401, {}]);
      else if (caller === 'wrong scope' && row.scoped) expect([told.status, told.calls]).toEqual([403, {}]);
      else expect([caller, told.status]).toEqual([caller, 200]);
      expect([caller, shown]).toEqual([caller, markedFor(caller, row)]);
      if (row.handle && ['wrong tenant', 'wrong subject'].includes(caller)) await expectAsNone(stage, ask, caller, row);
    }
  });
});

/** Another's is answered as what does not exist: status, headers, text, and calls to the store by their kind. */
async function expectAsNone(
  { seeds }: MatrixStage,
  ask: (caller: CallerName, sent: Sent) => Promise<Told>,
  caller: CallerName,
  { sent, handle = () => '' }: Row,
): Promise<void> {
  const known = handle(seeds);
  const unknown = otherThan(known);
  const none = Object.fromEntries(Object.entries(seeds).map(([name, each]) => [name, each === known ? unknown : each]));
  await ask(caller, sent(none as unknown as Seeds));
  const ofNone = await ask(caller, sent(none as unknown as Seeds));
  const ofAnother = await ask(caller, sent(seeds));
  expect({ ...plain(ofAnother, known) }).toEqual({ ...plain(ofNone, unknown) });
}

function plain({ status, headers, text, calls }: Told, id: string): Told {
  return { status, headers, text: text.replaceAll(id, '<id>'), calls };
}

function marksIn({ text, headers }: Told): string[] {
  return Object.values(MARKS).filter((mark) => [text, ...headers].join('\n').includes(mark));
}

/** What the caller may be told. */
function markedFor(caller: CallerName, { data, shows, scoped: needs }: Row): readonly string[] {
  if (data === 'none' || caller === 'nobody' || caller === 'wrong tenant') return [];
  if (caller === 'wrong scope' && (needs || data === 'tenant')) return [];
  if (data === 'tenant') return shows ?? [MARKS.tenant, MARKS.key];
  return caller === 'wrong subject' ? [] : (shows ?? [MARKS.own]);
}

test('the same tenant’s subject is told nothing of another’s handle that its own would say', async () => {
  const { host, headers, seeds } = await matrixStage();
  for (const handle of [seeds.book, otherThan(seeds.book), seeds.handle]) {
    const { text } = await answerOf(host, modern(call('get_task', { task: handle }), headers['wrong subject']));
    expect(text.replaceAll(handle, '')).not.toMatch(/book|agree|ada|acme/);
  }
});
