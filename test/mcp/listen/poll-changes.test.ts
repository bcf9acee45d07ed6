/** `poll_changes` at two hosts of one store: what changed between two calls is told once, wherever it is asked for. */
import { describe, expect, test } from 'vitest';
import { changesSince } from '../../../src/calls/changes/since.ts';
import { defineApp, resource, tool } from '../../../src/index.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost } from './listening-host.ts';
import { ADA, app, BOB } from './rooms-app.ts';

const READER = 'acme rita streams:read:plain';

function twoHosts() {
  const one = createListeningHost(app);
  const two = createListeningHost(app, { store: one.store }, one.clock);
  type Answer = { structuredContent: Polled; content: { text: string }[]; isError?: boolean };
  const call = async (name: string, args: object, who: string = ADA, at = one): Promise<Answer> => {
    const { result, error } = await at.call('tools/call', { name, arguments: args }, who);
    if (error) throw new Error(error.message);
    return result as unknown as Answer;
  };
  return {
    ...one,
    two,
    callTool: call,
    put: (room: string, who?: string) => call('put', { room, celsius: 20 }, who),
    poll: async (args: object, who?: string, at = one): Promise<Polled> =>
      (await call('poll_changes', args, who, at)).structuredContent,
  };
}

interface Polled {
  changes: { uri?: string; task?: string }[];
  cursor: string;
  truncated: boolean;
}

const uris = ['stream://rooms/a', 'stream://rooms/b', 'stream://rooms', 'warmest://room', 'shelf://1'];

describe('a change between two calls', () => {
  test('is told once, by either host, and in both halves', async () => {
    const { put, poll, callTool, two } = twoHosts();
    await put('a');
    const first = await poll({ uris });
    expect(first).toMatchObject({ changes: [], truncated: false });
    await put('a');
    await put('a');
    const { content, structuredContent: second } = await callTool(
      'poll_changes',
      { uris, cursor: first.cursor },
      ADA,
      two,
    );
    expect(second.changes).toEqual(['stream://rooms/a', 'stream://rooms', 'warmest://room'].map((uri) => ({ uri })));
    for (const { uri } of second.changes) expect(content[0]?.text).toContain(`changed: "${uri}"`);
    expect(content[0]?.text).toContain(`"cursor":"${second.cursor}"`);
    const third = await poll({ uris, cursor: second.cursor });
    expect(third.changes).toEqual([]);
    // The same cursor tells the same again: nobody but the client holds it.
    expect((await poll({ uris, cursor: first.cursor })).changes).toEqual(second.changes);
  });

  test('is told of a stream that had no event before, and of what an app tells of', async () => {
    const { put, poll, callTool } = twoHosts();
    const { cursor } = await poll({ uris });
    await put('b');
    await callTool('fill', { id: '1' });
    expect((await poll({ uris, cursor })).changes.map(({ uri }) => uri)).toEqual(uris.slice(1));
  });

  test('is told of lists, by an app and by another deployment', async () => {
    const { poll, callTool, store, clock } = twoHosts();
    const lists = ['tools', 'resources', 'prompts'];
    const { cursor } = await poll({ lists });
    expect((await poll({ lists, cursor })).changes).toEqual([]);
    await callTool('fill', { id: '1' });
    const { changes, cursor: next } = await poll({ lists, cursor });
    expect(changes).toEqual(lists.map((list) => ({ list })));
    expect((await poll({ lists: ['tools'], cursor: next })).changes).toEqual([]);
    await clock.advance(1_000);
    const more = { ...app.options.tools, more: tool({ description: 'More', run: async () => 'm' }) };
    const later = createListeningHost(defineApp({ ...app.options, tools: more }), { store }, clock);
    const asked = { name: 'poll_changes', arguments: { lists, cursor: next } };
    const { result } = await later.call('tools/call', asked, ADA);
    expect(result?.['structuredContent']).toMatchObject({ changes: [{ list: 'tools' }] });
  });

  test('of another tenant is not told, whose cursor begins now', async () => {
    const { put, poll } = twoHosts();
    const [mine, others] = [await poll({ uris }), await poll({ uris }, BOB)];
    await put('a', BOB);
    expect((await poll({ uris, cursor: mine.cursor })).changes).toEqual([]);
    expect((await poll({ uris, cursor: mine.cursor }, BOB)).changes).toEqual([]);
    expect((await poll({ uris, cursor: others.cursor }, BOB)).changes).toHaveLength(3);
  });

  test('of a URI in a log that the cursor does not know is told from now on', async () => {
    const { put, poll } = twoHosts();
    const { cursor } = await poll({ uris: ['shelf://1'] });
    await put('a');
    const next = await poll({ uris: ['stream://rooms/a'], cursor });
    expect(next.changes).toEqual([]);
    await put('a');
    expect((await poll({ uris: ['stream://rooms/a'], cursor: next.cursor })).changes).toHaveLength(1);
  });

  test('of a task is told when it ends', async () => {
    const { poll, callTool, host, clock } = twoHosts();
    const begun = (await callTool('count', {})) as unknown as { task?: { taskId: string }; taskId?: string };
    const id = begun.taskId ?? '';
    const { cursor } = await poll({ tasks: [id] });
    await clock.drive(host.scheduled(clock.now() + 30_000));
    const { changes, cursor: next } = await poll({ tasks: [id], cursor });
    expect(changes).toEqual([{ task: id }]);
    expect((await poll({ tasks: [id], cursor: next })).changes).toEqual([]);
    await expect(callTool('poll_changes', { tasks: [id] }, BOB)).resolves.toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining(`there is no task "${id}"`) }],
    });
  });
});

test('nothing is missed while many append and others ask', async () => {
  const { store, runtime } = twoHosts();
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const log = streamLog('acme', 'rooms');
  const declared = app.streams.get('rooms')!;
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  const resources = keys.map((key) => ({ uri: key, sources: [{ stream: declared, key }] }));
  const wanted = { resources, lists: [], tasks: [] };
  // In the order of what happens: when the last append to a key began, and when the key was told last.
  let step = 0;
  const appendedAt = new Map<string, number>();
  const toldAt = new Map<string, number>();
  let { cursor } = await changesSince(store, principal, wanted, null);
  let told = 0;
  const over = new AbortController();
  async function ask(): Promise<void> {
    const answer = await changesSince(store, principal, wanted, cursor);
    ({ cursor } = answer);
    const names = [...answer.changes].map((change) => (change.of === 'resource' ? change.uri : ''));
    for (const name of names) toldAt.set(name, (step += 1));
    expect(answer.truncated).toBe(false);
    told += names.length;
  }
  async function append(from: number): Promise<void> {
    for (let index = from; index < 500; index += 5) {
      const key = keys[(index * 7) % keys.length]!;
      appendedAt.set(key, (step += 1));
      const value = { id: `e${index}`, key, time: runtime.now(), data: { room: key, celsius: index } };
      const entry = { kind: 'append', log, entries: [value] } as const;
      const { status } = await store.commit([entry], {
        id: `c${index}`,
        now: runtime.now(),
        deadline: runtime.now() + 1_000,
      });
      expect(status).toBe('committed');
    }
  }
  const asking = (async () => {
    while (!over.signal.aborted) await ask();
  })();
  await Promise.all([0, 1, 2, 3, 4].map(append));
  over.abort();
  await asking;
  await ask();
  for (const key of keys) expect([key, (toldAt.get(key) ?? 0) > (appendedAt.get(key) ?? 0)]).toEqual([key, true]);
  expect(told).toBeGreaterThanOrEqual(keys.length);
  expect(told).toBeLessThanOrEqual(500);
  const { changes } = await changesSince(store, principal, wanted, cursor);
  expect(changes.size).toBe(0);
});

describe('a log of which the cursor knows too little', () => {
  const asked = ['stream://rooms/a', 'stream://rooms/b'];

  test.each([
    ['it had entries', true],
    ['it had none', false],
  ])('was trimmed, and %s when the cursor was made', async (_name, hadSome) => {
    const { put, poll, store, clock } = twoHosts();
    if (hadSome) await put('a');
    const { cursor } = await poll({ uris: asked });
    await put('a');
    await put('a');
    await put('a');
    await store.trim(streamLog('acme', 'rooms'), { now: clock.now(), keep: 1, limit: 100 });
    const answer = await poll({ uris: asked, cursor });
    expect(answer).toMatchObject({ truncated: true, changes: asked.map((uri) => ({ uri })) });
    expect(await poll({ uris: asked, cursor: answer.cursor })).toMatchObject({ truncated: false, changes: [] });
  });

  test('went back to an earlier state', async () => {
    const [before, after] = [twoHosts(), twoHosts()];
    await before.put('a');
    await before.put('a');
    const { cursor } = await before.poll({ uris: asked });
    await after.put('a');
    const answer = await after.poll({ uris: asked, cursor });
    expect(answer).toMatchObject({ truncated: true, changes: asked.map((uri) => ({ uri })) });
    expect((await after.poll({ uris: asked, cursor: answer.cursor })).changes).toEqual([]);
  });

  test('got more entries than are read: all of it counts as changed, and the next call goes on behind them', async () => {
    const { poll, store, clock } = twoHosts();
    const { cursor } = await poll({ uris: asked });
    const event = (index: number) => ({
      id: `e${index}`,
      key: 'a',
      time: clock.now(),
      data: { room: 'a', celsius: 1 },
    });
    for (const part of [0, 1, 2]) {
      const entries = Array.from({ length: 400 }, (_, index) => event(part * 400 + index));
      const now = clock.now();
      const append = { kind: 'append', log: streamLog('acme', 'rooms'), entries } as const;
      const { status } = await store.commit([append], { id: `p${part}`, now, deadline: now + 1_000 });
      expect(status).toBe('committed');
    }
    const answer = await poll({ uris: asked, cursor });
    expect(answer).toMatchObject({ truncated: false, changes: asked.map((uri) => ({ uri })) });
    expect((await poll({ uris: asked, cursor: answer.cursor })).changes).toEqual([]);
  });
});

describe('what cannot be asked', () => {
  test.each([
    [{}, /nothing to ask about[^]*Argument: uris/],
    [{ uris: ['stream://none'] }, /nothing tells of changes of "stream:\/\/none"[^]*Argument: uris/],
    [{ uris: ['fixed://text'] }, /nothing tells of changes[^]*Argument: uris/],
    [{ uris: ['stream://plain/a'] }, /nothing tells of changes[^]*Argument: uris/],
    [{ tasks: ['none'] }, /there is no task "none"[^]*Argument: tasks/],
    [{ uris: ['stream://rooms'], cursor: 'x' }, /not a cursor of this kind[^]*Argument: cursor/],
    [{ uris: Array.from({ length: 51 }, (_, index) => `shelf://${index}`) }, /uris/],
  ])('%j', async (args, says) => {
    const { callTool } = twoHosts();
    const { isError, content } = await callTool('poll_changes', args);
    expect(isError).toBe(true);
    expect(content[0]?.text).toMatch(says);
  });

  test('of a stream that a caller may not read: it is told what it lacks, as for a read of it', async () => {
    const { poll, callTool } = twoHosts();
    expect((await poll({ uris: ['stream://plain'] }, READER)).changes).toEqual([]);
    await expect(callTool('poll_changes', { uris: ['stream://plain', 'stream://rooms'] }, READER)).rejects.toThrow(
      /scope/,
    );
  });
});

test('one store call for each log: the stream, and two of hints', async () => {
  const { poll, store } = twoHosts();
  const { cursor } = await poll({ uris });
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const reads: string[] = [];
  const counted = {
    extent: store.extent.bind(store),
    read: (...args: Parameters<typeof store.read>) => {
      reads.push(args[0]);
      return store.read(...args);
    },
  };
  const sources = [{ stream: app.streams.get('rooms')! }];
  await changesSince(
    counted,
    principal,
    { resources: [{ uri: 'stream://rooms', sources }], lists: [], tasks: [] },
    cursor,
  );
  expect(reads.toSorted()).toEqual(['acme/hints', 'public/hints', 'acme/stream/rooms'].toSorted());
});

async function names(of: typeof app): Promise<string[]> {
  const { result } = await createListeningHost(of).call('tools/list', {}, READER);
  return (result as unknown as { tools: { name: string }[] }).tools.map(({ name }) => name);
}

test('it is listed where there is something to ask about', async () => {
  const plain = defineApp({
    name: 'plain',
    version: '1',
    description: 'd',
    resources: { fixed: resource({ uri: 'fixed://x', read: async () => 'x' }) },
  });
  expect(await names(app)).toContain('poll_changes');
  expect(await names(plain)).not.toContain('poll_changes');
});
