/** What a watcher of real files pushes is what the tools of the observer tell; the watcher is what a user would run beside it. */
import { mkdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../hosts/child.ts';
import { type Served, serveApp } from '../../mcp/served.ts';
import app from './app.ts';

const TOKEN = 'a-token-of-the-observer-test';

let served: Served;
afterEach(() => served.close());

async function observe(): Promise<void> {
  served = await serveApp(app, { http: { pushTokens: new Map([['changes', TOKEN]]) } });
}

function push(changes: object[], token = TOKEN): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  return fetch(`${served.url}/ingest/changes`, { method: 'POST', headers, body: JSON.stringify(changes) });
}

/** Pushes what changes below a folder, as it changes. */
function startWatcher(folder: string): void {
  const seen = new Set<string>();
  const watcher = watch(folder, { recursive: true }, (_kind, name) => {
    const path = join(folder, name ?? '');
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return;
    const event = stats === undefined ? 'deleted' : seen.has(path) ? 'modified' : 'created';
    if (stats === undefined) seen.delete(path);
    else seen.add(path);
    const content = stats === undefined ? {} : { size: stats.size, content: readFileSync(path, 'utf8') };
    void push([{ path, event, timestamp: new Date().toISOString(), ...content }]);
  });
  onTestFinished(() => watcher.close());
}

async function call(name: string, args: object = {}) {
  const answer = (await (await served.call('tools/call', { name, arguments: args })).json()) as {
    result: { structuredContent: Record<string, unknown>; isError?: boolean; content: { text: string }[] };
  };
  return answer.result;
}

async function begin(args: object): Promise<string> {
  return String((await call('subscribe', args)).structuredContent['subscription_id']);
}

async function changed(id: string, since?: string): Promise<string[]> {
  const { changes } = (await call('get_changes', { subscription_id: id, ...(since ? { since } : {}) }))
    .structuredContent;
  return (changes as { path: string; event: string }[]).map(({ path, event }) => `${event} ${path}`);
}

async function read(uri: string): Promise<string> {
  const answer = (await (await served.call('resources/read', { uri })).json()) as {
    result?: { contents: { text: string }[] };
    error?: { code: number };
  };
  return answer.result?.contents[0]?.text ?? String(answer.error?.code);
}

const list = async (method: string) =>
  ((await (await served.call(method)).json()) as { result: Record<string, unknown[]> }).result;
const change = (path: string, timestamp: string) => ({ path, event: 'created', timestamp });
const later = (ms: number) => new Date(Date.now() + ms).toISOString();

test('offers the tools and resources of its model, by name and parameter', async () => {
  await observe();
  const tools = (await list('tools/list'))['tools'] as { name: string; inputSchema: { properties?: object } }[];
  const parameters = Object.fromEntries(
    tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {})]),
  );
  expect(parameters).toMatchObject({
    subscribe: ['path', 'recursive', 'patterns', 'ignore_patterns', 'events'],
    unsubscribe: ['subscription_id'],
    list_subscriptions: [],
    get_changes: ['subscription_id', 'since'],
  });
  const templates = (await list('resources/templates/list'))['resourceTemplates'] as { uriTemplate: string }[];
  expect(templates.map(({ uriTemplate }) => uriTemplate)).toEqual(
    expect.arrayContaining(['file://{path}', 'dir://{path}', 'subscription://{subscription_id}']),
  );
});

test('tells of files that are made, changed and removed, to whom it concerns', async () => {
  await observe();
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'deep'));
  const all = await begin({ path: folder, recursive: true });
  const shallow = await begin({ path: `${folder}/`, patterns: ['*.md'], ignore_patterns: ['draft*'] });
  const removals = await begin({ path: folder, recursive: true, events: ['deleted'] });
  startWatcher(folder);
  const note = join(folder, 'note.md');
  const code = join(folder, 'deep', 'code.ts');
  writeFileSync(note, 'one');
  await expect.poll(() => changed(all)).toContain(`created ${note}`);
  writeFileSync(code, 'const a = 1;');
  writeFileSync(join(folder, 'draft.md'), '');
  await expect
    .poll(() => changed(all))
    .toEqual(expect.arrayContaining([`created ${code}`, `created ${join(folder, 'draft.md')}`]));
  await expect.poll(() => read(`file://${encodeURIComponent(code)}`)).toBe('const a = 1;');
  rmSync(code);
  await expect.poll(() => changed(removals)).toEqual([`deleted ${code}`]);
  expect(new Set((await changed(shallow)).map((line) => line.split(' ')[1]))).toEqual(new Set([note]));
  expect(JSON.parse(await read(`dir://${encodeURIComponent(folder)}`))).toMatchObject({
    files: expect.arrayContaining([expect.objectContaining({ path: note, size: 3 })]) as unknown,
  });
  expect(await read(`file://${encodeURIComponent(code)}`)).toBe('-32602');
  expect(JSON.parse(await read(`subscription://${removals}`))).toMatchObject({
    path: folder,
    changes: [{ event: 'deleted' }],
  });
});

test('ends a watch for every instance, and knows nothing of one that is none', async () => {
  await observe();
  const id = await begin({ path: '/srv' });
  expect((await call('list_subscriptions')).structuredContent['subscriptions']).toMatchObject([
    { id, path: '/srv', recursive: false },
  ]);
  expect((await call('unsubscribe', { subscription_id: id })).structuredContent).toMatchObject({ success: true });
  expect((await call('list_subscriptions')).structuredContent['subscriptions']).toEqual([]);
  for (const tool of ['get_changes', 'unsubscribe']) {
    expect(await call(tool, { subscription_id: id })).toMatchObject({ isError: true });
  }
});

test('takes changes from whoever has the token, after a time too, and from nobody else', async () => {
  await observe();
  const id = await begin({ path: '/srv' });
  const [first, second] = [later(1_000), later(2_000)];
  expect((await push([change('/srv/a', first)], 'another token')).status).toBe(401);
  expect((await push([change('/srv/a', first), change('/srv/b', second)])).status).toBe(200);
  expect((await push([change('/srv/c', 'yesterday')])).status).toBe(400);
  expect(await changed(id)).toEqual(['created /srv/a', 'created /srv/b']);
  expect(await changed(id, first)).toEqual(['created /srv/b']);
});
