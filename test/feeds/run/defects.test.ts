/** What a feed's own code throws may hold a secret: the log has it, and clients read a reference to it. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createHost } from '../../../src/hosts/host.ts';
import { http, pull, stream, TidegateError } from '../../../src/index.ts';
import { type Stage, stageOf } from './stage.ts';

const SECRET = 'postgres://admin:hunter2@db/plant';
const Reading = z.object({ id: z.string() });
const described = { description: 'readings', schema: Reading };

/** All that an agent can read of the feed `readings`, by tools and as resources. */
async function readByClients({ deps }: Stage): Promise<string> {
  const host = createHost({ app: deps.app, store: deps.store, runtime: deps.runtime });
  const ask = async (method: string, params: object) => {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const versioned = { ...headers, 'MCP-Protocol-Version': '2025-11-25' };
    return (await host.fetch(new Request('http://127.0.0.1/mcp', { method: 'POST', headers: versioned, body }))).text();
  };
  const call = (name: string, given: object) => ask('tools/call', { name, arguments: given });
  const answers = [
    await call('list_streams', {}),
    await call('list_streams', { stream: 'readings' }),
    await call('read_latest', { stream: 'readings' }),
    await call('read_history', { stream: 'readings' }),
    await ask('resources/read', { uri: 'feed://readings' }),
  ];
  return answers.join('\n');
}

const throws = (): never => {
  throw new Error(`connect ${SECRET}`);
};
const refuses = () => Promise.reject(new TidegateError('upstream', 'the plant is closed'));
const items = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `r${n}` }));

describe('what a feed throws', () => {
  test('stands in the log, and clients read under which reference', async () => {
    const stage = stageOf({ streams: { readings: stream({ ...described, feed: pull({ pull: throws }) }) } });
    expect(await stage.run()).toMatchObject({ outcome: 'failed', error: { code: 'internal' } });
    const told = await readByClients(stage);
    expect(told).not.toContain('hunter2');
    const [reference] = /under (id\d+)/.exec(told)?.slice(1) ?? [];
    expect(told).toContain("a defect of the feed's own code; the log has it under");
    expect(stage.logged).toContainEqual({
      level: 'warn',
      message: 'a feed failed',
      fields: expect.objectContaining({ feed: 'readings', reference, cause: expect.stringContaining(SECRET) }),
    });
  });

  test('is told where it is an error for clients', async () => {
    const stage = stageOf({ streams: { readings: stream({ ...described, feed: pull({ pull: refuses }) }) } });
    await stage.run();
    expect(await readByClients(stage)).toContain('the plant is closed');
  });
});

test('a path of a URL stands neither in what clients read nor in the log', async () => {
  const url = 'https://api.example/bot123:hunter2/getUpdates?offset=hunter2';
  const stage = stageOf({ streams: { readings: stream({ ...described, feed: http({ url }) }) } });
  expect(await stage.run()).toMatchObject({ outcome: 'failed', error: { code: 'upstream' } });
  const told = await readByClients(stage);
  expect(told).toContain('https://api.example cannot be read');
  expect(told + JSON.stringify(stage.logged)).not.toContain('hunter2');
});

describe('what a function of a stream throws', () => {
  test.each([
    ['id', { id: throws }],
    ['key', { key: throws }],
    ['time', { time: throws }],
    ['schema', { schema: z.object({ id: z.string().refine(throws) }) }],
  ] as const)('%s: the log has it, once in a burst', async (_part, broken) => {
    const feed = pull({ pull: () => Promise.resolve({ items: items(20) }) });
    const stage = stageOf({ streams: { readings: stream({ ...described, ...broken, feed }) } });
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', rejected: 20, deadLetters: 20 });
    const told = await readByClients(stage);
    expect(told).not.toContain('hunter2');
    expect(told).toContain('which the log has');
    const logged = stage.logged.filter(({ fields }) => JSON.stringify(fields).includes(SECRET));
    expect(logged.map(({ message }) => message)).toEqual(['a function of a stream broke']);
    expect(logged[0]?.fields).toMatchObject({ stream: 'readings' });
  });
});
