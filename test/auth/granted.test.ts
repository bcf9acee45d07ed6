/** Lists, texts and completions show what their caller may use, and what it may not use does not exist for it. */
import { expect, test } from 'vitest';
import { createAppStreams } from '../../src/calls/streams.ts';
import { defineApp, type Extension, tool } from '../../src/index.ts';
import { bySaying, stageOf } from './host.ts';
import { answerOf, legacy, modern, type Sent } from './messages.ts';

const LISTS = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
} as const;

type Named = { name: string; uri?: string; uriTemplate?: string };

async function shownTo(scopes: string, message: typeof modern | typeof legacy = modern) {
  const { host } = stageOf();
  const lists = Object.entries(LISTS).map(async ([key, method]) => {
    const { result } = await answerOf(host, message({ method }, scopes));
    const items = (result as unknown as Record<string, Named[]>)[key] ?? [];
    return [key, items.map(({ uri, uriTemplate, name }) => uriTemplate ?? uri ?? name).toSorted()] as const;
  });
  return Object.fromEntries(await Promise.all(lists)) as Record<keyof typeof LISTS, string[]>;
}

const OPEN = { tools: ['large', 'list_streams', 'open', 'read_result'], prompts: ['ask'] };
const SUBSCRIBING = ['list_subscriptions', 'subscribe', 'unsubscribe'];
const PAGES = ['result://{handle}/{page}', 'task://{task}/pages/{page}'];

test.each([modern, legacy])('nothing is granted: what declares no scopes is shown', async (message) => {
  const shown = await shownTo('openid profile', message);
  expect(shown).toMatchObject(OPEN);
  expect(shown.resources).toEqual(['about://all']);
  expect(shown.resourceTemplates).toEqual(
    ['feed://{name}', 'feed://{name}/{before}', 'stream://{name}', 'stream://{name}/{key}', ...PAGES].filter(
      (uri) => !/^(?:stream|feed):/.test(uri),
    ),
  );
});

test.each([
  [
    'streams:read:orders',
    { tools: [...OPEN.tools, 'poll_changes', 'read_history', 'read_latest', 'tail_stream', ...SUBSCRIBING].toSorted() },
    ['about://all', 'stream://orders'],
  ],
  [
    'tasks',
    {
      tools: [
        'agree',
        'answer_task',
        'book',
        'cancel_task',
        'count',
        'get_task',
        'poll_changes',
        ...OPEN.tools,
      ].toSorted(),
    },
    ['about://all'],
  ],
  [
    'tasks admin',
    { tools: expect.arrayContaining(['replay_dead_letters', 'wait_for']) as string[] },
    ['about://all', 'stream://audit', 'stream://audit_failed'],
  ],
  [
    'admin',
    { tools: [...OPEN.tools, 'poll_changes', 'read_history', 'read_latest', 'tail_stream', ...SUBSCRIBING].toSorted() },
    ['about://all', 'stream://audit', 'stream://audit_failed'],
  ],
  ['reports', OPEN, ['about://all']],
  ['tasks reports', { tools: expect.arrayContaining(['count', 'report']) as string[] }, ['about://all']],
  [
    'tasks streams:read',
    { tools: expect.arrayContaining(['wait_for', 'export_history', 'read_latest']) as string[] },
    ['about://all', 'feed://readings', 'stream://orders', 'stream://readings'],
  ],
  ['streams:publish:broker', { tools: [...OPEN.tools, 'publish'].toSorted() }, ['about://all', 'feed://broker']],
  [
    'crm weather plans',
    { tools: [...OPEN.tools, 'guarded', 'weather'].toSorted(), prompts: ['ask', 'plan'] },
    ['about://all'],
  ],
])('%s', async (scopes, shown, resources) => {
  const [found, before] = [await shownTo(scopes), await shownTo(scopes, legacy)];
  expect(found).toMatchObject(shown);
  expect(found.resources).toEqual(resources);
  expect(before).toEqual(found);
});

test.each([modern, legacy])('of an app without streams the audit log makes no tools but for admin', async (message) => {
  const hello = tool({ description: 'Says hello', run: async () => 'hello' });
  const declared = { name: 'plain', version: '1.0.0', description: 'No streams', tools: { hello } };
  const { host } = stageOf({}, defineApp(declared));
  const shown = async (scopes: string) => {
    const { result } = await answerOf(host, message({ method: 'tools/list' }, scopes));
    return (result as unknown as { tools: Named[] }).tools.map(({ name }) => name).toSorted();
  };
  for (const scopes of ['', 'tasks', 'tasks streams:read events'])
    expect(await shown(scopes)).toEqual(['hello', 'read_result']);
  const reads = ['hello', 'list_streams', 'poll_changes', 'read_history', 'read_latest', 'read_result', 'tail_stream'];
  expect(await shown('admin')).toEqual(reads);
  const tasks = ['cancel_task', 'export_history', 'get_task', 'wait_for'];
  expect(await shown('tasks admin')).toEqual([...reads, ...tasks].toSorted());
});

test('who has all scopes is shown what nobody restricts', async () => {
  const all = 'streams:read streams:publish tasks admin crm weather reports ledger audit plans';
  expect(await shownTo(all)).toEqual(await shownTo('*'));
});

const call = (name: string, args: object = {}): Sent => ({ method: 'tools/call', params: { name, arguments: args } });
const complete = (ref: object, name: string, chosen: object = {}): Sent => ({
  method: 'completion/complete',
  params: { ref, argument: { name, value: '' }, context: { arguments: chosen } },
});

/** Everything that a caller is shown, in one text. */
async function allTexts(scopes: string): Promise<string> {
  const { host, runtime, store, app } = stageOf();
  const streams = createAppStreams({ app, runtime, store: store.store }, bySaying(new Request('http://a')));
  await streams.append('orders', { sensor: 'a-hidden-key', value: 4711 });
  await streams.append('readings', { sensor: 'a-shown-key', value: 1 });
  const asked: Sent[] = [
    ...Object.values(LISTS).map((method) => ({ method })),
    { method: 'server/discover' },
    call('list_streams'),
    call('list_streams', { search: 'orders' }),
    call('read_latest', { stream: 'nobody-knows' }),
    call('read_history', { stream: 'nobody-knows' }),
    call('tail_stream', { stream: 'nobody-knows', seconds: 0 }),
    call('wait_for', { stream: 'nobody-knows', condition: { kind: 'absence', forMs: 1_000 } }),
    call('export_history', { stream: 'nobody-knows' }),
    { method: 'resources/read', params: { uri: 'stream://nobody-knows' } },
    { method: 'resources/read', params: { uri: 'feed://nobody-knows' } },
    call('orderz'),
    complete({ type: 'ref/prompt', name: 'ask' }, 'stream'),
    complete({ type: 'ref/prompt', name: 'ask' }, 'order'),
    complete({ type: 'ref/resource', uri: 'stream://{name}' }, 'name'),
    complete({ type: 'ref/resource', uri: 'stream://{name}/{key}' }, 'name'),
    complete({ type: 'ref/resource', uri: 'stream://{name}/{key}' }, 'key'),
    complete({ type: 'ref/resource', uri: 'feed://{name}' }, 'name'),
  ];
  const ofLegacy: Sent[] = [
    {
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    },
  ];
  const answers = await Promise.all([
    ...asked.map((sent) => answerOf(host, modern(sent, scopes))),
    ...[...asked, ...ofLegacy].map((sent) => answerOf(host, legacy(sent, scopes))),
  ]);
  return answers.map(({ text }) => text).join('\n');
}

test('no text and no completion names what the caller may not read', async () => {
  const some = await allTexts('tasks streams:read:readings');
  expect(foundIn(some, /a-shown-key|stream:..readings/g)).toEqual(['a-shown-key', 'stream://readings']);
  expect(foundIn(some, /orders|a-hidden-key|4711/g)).toEqual([]);
  expect(foundIn(some, /guarded|weather|ledger|"publish"|replay_dead_letters/g)).toEqual([]);
  const none = await allTexts('');
  expect(foundIn(none, /orders|readings|-key|4711|get_task|wait_for|"read_latest"/g)).toEqual([]);
  const all = await allTexts('*');
  expect(foundIn(all, /a-hidden-key|get_task|"publish"/g)).toEqual(['"publish"', 'a-hidden-key', 'get_task']);
});

/** What is found, each once. */
function foundIn(text: string, words: RegExp): string[] {
  return [...new Set(text.match(words) ?? [])].toSorted();
}

test('lists are private where callers are known, and public where they are not', async () => {
  const asked = [...Object.values(LISTS), 'server/discover'].filter((method) => method !== 'resources/list');
  const scopesOf = async (stage: ReturnType<typeof stageOf>, held: string) => {
    const answers = await Promise.all(asked.map((method) => answerOf(stage.host, modern({ method }, held))));
    return [...new Set(answers.map(({ result }) => (result as unknown as { cacheScope: string }).cacheScope))];
  };
  for (const held of ['*', '', 'tasks']) expect(await scopesOf(stageOf(), held)).toEqual(['private']);
  const open = stageOf({ authenticate: undefined, tenants: undefined });
  expect(await scopesOf(open, '')).toEqual(['public']);
});

test('what needs scopes is in no shared cache', async () => {
  const { host } = stageOf();
  const read = await answerOf(
    host,
    modern({ method: 'resources/read', params: { uri: 'ledger://2026' } }, 'ledger audit'),
  );
  expect(read.result).toMatchObject({ cacheScope: 'private', contents: [{ text: 'ledger 2026' }] });
});

test('the fast answer of server/discover and that of the SDK are the same for a caller that is restricted', async () => {
  const { host } = stageOf();
  for (const held of ['', 'streams:read:readings', 'tasks streams:read', '*']) {
    const fast = await answerOf(host, modern({ method: 'server/discover' }, held));
    // A version in the client's info that the fast way leaves to the SDK.
    const request = modern({ method: 'server/discover', params: { more: true } }, held);
    const bySdk = await answerOf(host, request);
    expect(fast.result).toEqual(bySdk.result);
  }
});

test('the list of one caller is never that of another on the same host, whoever asks first, also at once', async () => {
  const { host } = stageOf();
  const namesFor = async (held: string) => {
    const { result } = await answerOf(host, modern({ method: 'tools/list' }, held));
    return (result as unknown as { tools: Named[] }).tools.map(({ name }) => name);
  };
  const alone: Record<string, string[]> = {};
  const callers = ['*', '', 'crm', 'tasks', 'crm:write', 'streams:read:orders', 'tasks admin', 'streams:publish'];
  for (const held of callers) alone[held] = await namesFor(held);
  expect(alone['']).not.toContain('guarded');
  expect(alone['crm']).toEqual(alone['crm:write']);
  expect(alone['*']).toEqual(expect.arrayContaining(['guarded', 'publish', 'replay_dead_letters', 'report']));
  const together = [...callers, ...callers.toReversed()];
  expect(await Promise.all(together.map(namesFor))).toEqual(together.map((held) => alone[held]));
});

test('what a host adds is shown and served by its scopes too', async () => {
  const extension: Extension = {
    capability: { id: 'com.example/more', settings: {} },
    methods: { 'more/get': { run: async () => ({ more: 1 }) } },
    scopes: ['more'],
    tools: { extra: tool({ description: 'More', scopes: ['more:tools'], run: async () => 'extra' }) },
    needs: { tools: { extra: () => ['by-argument'] } },
  };
  const { host } = stageOf({ extensions: [extension] });
  const capabilities = { extensions: { 'com.example/more': {} } };
  const get = (held: string) => answerOf(host, modern({ method: 'more/get', capabilities }, held));
  expect((await get('')).headers.get('www-authenticate')).toContain('scope="more"');
  expect((await get('more')).result).toMatchObject({ more: 1 });
  const extra: Sent = { method: 'tools/call', params: { name: 'extra', arguments: {} } };
  expect((await answerOf(host, modern(extra, 'more'))).headers.get('www-authenticate')).toContain(
    'scope="more:tools by-argument"',
  );
  expect((await answerOf(host, modern(extra, 'more by-argument'))).text).toContain('extra');
  expect((await answerOf(host, modern({ method: 'tools/list' }, ''))).text).not.toContain('"extra"');
});
