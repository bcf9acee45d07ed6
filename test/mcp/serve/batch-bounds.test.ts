/** A batch of an earlier revision has no more of the process than its messages would have one by one. */
import * as z from 'zod';
import { expect, onTestFinished, test } from 'vitest';
import { defineApp, stream } from '../../../src/index.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { UNBOUNDED, type Work } from '../../../src/store/work.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { encodeTailCursor } from '../../../src/streams/log/tail-cursor.ts';
import { publishMany } from '../../../src/streams/log/publish-many.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const app = defineApp({
  name: 'batched',
  version: '1',
  description: 'A backlog',
  streams: { backlog: stream({ description: 'Large', schema: z.object({ n: z.number(), text: z.string() }) }) },
});

interface Told {
  id: number;
  result?: { structuredContent: { events: unknown[]; ended: string } };
  error?: { data: { code: string; hint: string } };
}

async function stage(events: number, characters: number) {
  const store = createMemoryStore();
  const seen = { turns: 0, rests: 0, reading: 0, most: 0, limits: [] as number[] };
  const watched: Store = {
    ...store,
    async read(...asked) {
      seen.reading += 1;
      seen.most = Math.max(seen.most, seen.reading);
      seen.limits.push(asked[2]);
      await new Promise((resolve) => setImmediate(resolve));
      seen.reading -= 1;
      return store.read(...asked);
    },
  };
  const runtime = systemRuntime(() => {});
  const host = createHost({ app, store: watched, runtime, publicUrl: null });
  onTestFinished(() => host.close());
  const raws = Array.from({ length: events }, (_, n) => ({
    place: 'body',
    data: { n, text: 'x'.repeat(characters) },
  }));
  const scope = scopeOfLogs({ app, store, runtime }, { tenant: 'public' });
  for (let from = 0; from < events; from += 50) {
    await publishMany(scope, findStream(app, 'backlog'), raws.slice(from, from + 50), {
      once: null,
      deadline: Date.now() + 10_000,
    });
  }
  const work: Work = {
    ...UNBOUNDED,
    turn() {
      seen.turns += 1;
      return null;
    },
    rest() {
      seen.rests += 1;
      return true;
    },
  };
  async function batch(messages: number, args: object): Promise<Told[]> {
    const each = (_: unknown, at: number) => ({
      jsonrpc: '2.0',
      id: at + 1,
      method: 'tools/call',
      params: { name: 'tail_stream', arguments: { stream: 'backlog', ...args } },
    });
    const request = new Request('http://a/mcp', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'MCP-Protocol-Version': '2025-03-26' },
      body: JSON.stringify(Array.from({ length: messages }, each)),
    });
    return (await (await host.fetch(request, { work })).json()) as Told[];
  }
  return { batch, seen };
}

const FIRST = encodeTailCursor('backlog', null);

test('fifty tails ask for a turn fifty times, two are at work at a time, and none waits', async () => {
  const { batch, seen } = await stage(3, 10);
  const begun = performance.now();
  const answers = await batch(50, { seconds: 25 });
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  expect(answers.every(({ result }) => result?.structuredContent.ended === 'time')).toBe(true);
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(seen.turns).toBeGreaterThanOrEqual(50);
  expect(seen.most).toBeLessThanOrEqual(2);
  expect(seen.rests).toBe(0);
});

test('once its answers are large together, the rest is refused and told to come by itself', async () => {
  const { batch } = await stage(60, 1_000);
  const answers = await batch(50, { cursor: FIRST, maxEvents: 50, seconds: 0 });
  const refused = answers.filter(({ error }) => error?.data.code === 'overloaded');
  expect(answers.length).toBe(50);
  expect(answers.findIndex(({ error }) => error !== undefined)).toBeGreaterThan(1);
  expect(refused.length).toBeGreaterThan(35);
  expect(JSON.stringify(answers).length).toBeLessThan(256_000 + 2 * 150_000);
});

test('a large backlog is read in pieces, however much of it is asked for', async () => {
  const { batch, seen } = await stage(600, 10);
  const [answer] = await batch(1, { cursor: FIRST, maxEvents: 1_000, seconds: 0 });
  expect(answer?.result?.structuredContent.events).toHaveLength(600);
  expect(Math.max(...seen.limits)).toBe(250);
  expect(seen.limits.length).toBeGreaterThanOrEqual(3);
});
