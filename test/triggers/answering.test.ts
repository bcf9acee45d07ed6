/** Who sees to a task that a trigger began: whom its declaration names, by every tool and method; to all others it is no task. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, form, stream, task, tool, trigger } from '../../src/index.ts';
import type { TriggerReaction } from '../../src/declare/trigger.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createListeningHost, type Sent } from '../mcp/listen/listening-host.ts';

const data = z.object({ room: z.string(), celsius: z.number() });
const rooms = stream({ description: 'Temperatures of rooms', schema: data, key: 'room', tenants: 'each' });
const cooled: string[] = [];

function stage(reaction: Pick<TriggerReaction, 'for'> = {}, alarm?: object) {
  const app = defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: { rooms },
    tasks: {
      cool: task({
        version: '1',
        description: 'Cools a room, where somebody agrees',
        scopes: ['cooling'],
        input: z.object({ key: z.string() }),
        async run({ key }, context) {
          const answer = await context.ask('agree', form(`Cool ${key}?`, z.object({ yes: z.boolean() })));
          if (answer.action !== 'accept' || !answer.content.yes) return 'left as it is';
          cooled.push(key);
          return `cooled ${key}`;
        },
      }),
    },
    triggers: {
      hot: trigger({
        description: 'A room is too hot',
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above: 30 },
        starts: { task: 'cool', ...reaction },
        ...(alarm ? { alarm } : {}),
      }),
      odd: trigger({
        description: 'Begins what the task does not take',
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above: 30 },
        starts: { task: 'cool', input: () => ({ place: 'none' }) },
      }),
      broken: trigger({
        description: 'Breaks',
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above: 30 },
        starts: {
          task: 'cool',
          input: () => {
            throw new Error('the password is hunter2');
          },
        },
      }),
    },
    tools: {
      put: tool({
        description: 'Appends',
        input: data,
        run: async (reading, { streams }) => {
          await streams.append(rooms, reading);
          return 'done';
        },
      }),
    },
  });
  const at = createListeningHost(app, {
    store: createMemoryStore(),
    tenants: () => ['acme', 'other'],
    listening: { streamMs: 3_600_000, most: 10, reads: null },
  });
  const work = () => at.clock.drive(at.host.scheduled(at.clock.now() + 20_000));
  const use = async (name: string, args: object, who: string) => {
    const { result, error } = await at.call('tools/call', { name, arguments: args }, who);
    if (error) throw new Error(JSON.stringify(error));
    return result as { isError?: boolean; structuredContent: Record<string, unknown>; content: { text: string }[] };
  };
  /** A room becomes hot, and the task of it waits for an answer. */
  async function occur(room = 'attic', tenant = 'acme'): Promise<string> {
    await use('put', { room, celsius: 31 }, `${tenant} app *`);
    for (let rounds = 0; rounds < 4; rounds += 1) await work();
    const { structuredContent } = await use('list_triggers', { name: 'hot' }, `${tenant} app *`);
    const [{ reactions }] = structuredContent['triggers'] as [{ reactions: { tasks: { task: string }[] } }];
    return reactions.tasks[0]!.task;
  }
  async function legacy(method: string, params: object, who: string): Promise<Sent> {
    const request = new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2025-11-25',
        Authorization: who,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const text = await at.clock.drive(Promise.resolve(at.host.fetch(request)).then((response) => response.text()));
    return JSON.parse(/^(?:data: )?(\{.*\})$/m.exec(text)?.[1] ?? '{}') as Sent;
  }
  return { ...at, work, use, occur, legacy };
}

const BASE = 'streams:read:rooms tasks cooling';
const answers = { agree: { action: 'accept', content: { yes: true } } };

function shown({ error, result }: Sent): string {
  return error ? `error ${error.code}` : String(result?.['status']);
}

/** All ways in which somebody may ask for a task. */
async function asked(at: ReturnType<typeof stage>, taskId: string, who: string): Promise<string[]> {
  const get = await at.call('tasks/get', { taskId }, who);
  const tool = await at.use('get_task', { task: taskId }, who);
  const polled = await at.use('poll_changes', { tasks: [taskId] }, who);
  const listed = await at.legacy('tasks/list', {}, who);
  const core = await at.legacy('tasks/get', { taskId }, who);
  const listener = await at.listen({ taskIds: [taskId] }, who);
  listener.leave();
  return [
    shown(get),
    tool.isError === true ? 'error' : String(tool.structuredContent['status']),
    polled.isError === true ? 'error' : 'polled',
    JSON.stringify(listed.result?.['tasks']).includes(taskId) ? 'listed' : 'not listed',
    shown(core),
    listener.news().includes('tasks input_required') ? 'told' : 'not told',
  ];
}

const SEEN = ['input_required', 'input_required', 'polled', 'listed', 'input_required', 'told'];
const UNKNOWN = ['error -32602', 'error', 'error', 'not listed', 'error -32602', 'not told'];

describe('the task of a trigger', () => {
  test('is seen, by every way, by who may read what the trigger watches and begin such a task; by nobody else', async () => {
    const at = stage();
    const taskId = await at.occur();
    expect(await asked(at, taskId, `acme ada ${BASE}`)).toEqual(SEEN);
    for (const who of ['acme eve streams:read:rooms tasks', 'acme eve tasks cooling', 'other bob *']) {
      expect([who, ...(await asked(at, taskId, who))]).toEqual([who, ...UNKNOWN]);
    }
    // Exactly as one that never was.
    const [foreign, none] = await Promise.all(
      [taskId, `${taskId.slice(0, -1)}z`].map((id) => at.call('tasks/get', { taskId: id }, 'other bob *')),
    );
    expect(JSON.stringify(foreign).replaceAll(taskId, '')).toBe(
      JSON.stringify(none).replaceAll(`${taskId.slice(0, -1)}z`, ''),
    );
  });

  test('needs the writing of its alarm where there is one, and what the declaration says in its place', async () => {
    const alarmed = stage({}, {});
    const taskId = await alarmed.occur();
    expect(await asked(alarmed, taskId, `acme eve ${BASE} alarms:read`)).toEqual(UNKNOWN);
    expect(await asked(alarmed, taskId, `acme ada ${BASE} alarms:write:hot`)).toEqual(SEEN);
    const declared = stage({ for: ['facility'] }, {});
    const other = await declared.occur();
    expect(await asked(declared, other, `acme eve ${BASE} alarms:write`)).toEqual(UNKNOWN);
    expect(await asked(declared, other, `acme ada ${BASE} facility`)).toEqual(SEEN);
  });

  test.each(['answer_task', 'tasks/update'])('is answered by %s, and goes on', async (way) => {
    const at = stage();
    const taskId = await at.occur(way);
    const [ada, eve] = [`acme ada ${BASE}`, 'acme eve tasks cooling'];
    const answer = async (who: string) => {
      if (way === 'answer_task') return (await at.use(way, { task: taskId, answers }, who)).isError === true;
      return (await at.call(way, { taskId, inputResponses: answers }, who)).error !== undefined;
    };
    expect(await answer(eve)).toBe(true);
    const listener = await at.listen({ taskIds: [taskId] }, ada);
    expect(await answer(ada)).toBe(false);
    await at.work();
    await at.clock.advance(2_000);
    expect(listener.news()).toContain('tasks completed');
    expect(cooled).toContain(way);
    listener.leave();
  });

  test('is cancelled by those who may answer it, and its quotas are given back to whom they were taken from', async () => {
    const at = stage();
    const taskId = await at.occur();
    expect((await at.use('cancel_task', { task: taskId }, 'acme eve tasks cooling')).isError).toBe(true);
    const done = await at.use('cancel_task', { task: taskId }, `acme ada ${BASE}`);
    expect(done.structuredContent).toMatchObject({ status: 'cancelled' });
  });

  test('stands behind the own tasks of who lists, page by page', async () => {
    const at = stage();
    const [one, two] = [await at.occur('attic'), await at.occur('cellar')];
    const who = `acme ada ${BASE}`;
    const begun = await at.legacy('tools/call', { name: 'cool', arguments: { key: 'own' }, task: {} }, who);
    const own = (begun.result?.['task'] as { taskId: string } | undefined)?.taskId;
    const ids: string[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 9; pages += 1) {
      const { result } = await at.legacy('tasks/list', cursor === undefined ? {} : { cursor }, who);
      const page = (result?.['tasks'] ?? []) as { taskId: string }[];
      ids.push(...page.map(({ taskId }) => taskId));
      cursor = result?.['nextCursor'] as string | undefined;
      if (cursor === undefined) break;
    }
    expect(ids).toEqual([own, two, one]);
    // Of a cursor of somebody else, or whose rights have gone, nothing is told.
    const { result } = await at.legacy('tasks/list', {}, who);
    const theirs = await at.legacy('tasks/list', { cursor: result?.['nextCursor'] }, 'acme eve tasks');
    expect(theirs.error?.code).toBe(-32_602);
    const fewer = await at.legacy('tasks/list', { cursor: result?.['nextCursor'] }, 'acme ada tasks');
    expect(fewer.result).toEqual({ tasks: [] });
  });
});

test('list_triggers tells what began no task and why, without what a function of the app says when it breaks', async () => {
  const at = stage();
  await at.occur();
  const { structuredContent, content } = await at.use('list_triggers', {}, `acme eve streams:read`);
  expect(structuredContent['triggers']).toMatchObject([
    { name: 'hot', reactions: { task: 'cool', begun: 1, failed: 0, notes: [], tasks: [] } },
    {
      name: 'odd',
      reactions: { begun: 0, failed: 1, notes: [{ code: 'invalid_input', reason: expect.stringContaining('key') }] },
    },
    { name: 'broken', reactions: { failed: 1, notes: [{ code: 'internal' }] } },
  ]);
  expect(JSON.stringify(structuredContent)).not.toContain('hunter2');
  expect(content[0]?.text).toContain('1 occurrences began none');
  const own = await at.use('list_triggers', { name: 'hot' }, `acme ada ${BASE}`);
  expect(own.structuredContent).toMatchObject({
    triggers: [{ reactions: { tasks: [{ status: 'input_required' }] } }],
    nextCalls: [{ tool: 'get_task' }, {}],
  });
  const others = await at.use('list_triggers', { name: 'hot' }, 'acme eve streams:read');
  expect(others.structuredContent).toMatchObject({ triggers: [{ reactions: { tasks: [] } }] });
});
