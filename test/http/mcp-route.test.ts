/** How many requests of MCP are under way where a platform hands over no share of its own. */
import { expect, test } from 'vitest';
import { PUBLIC } from '../../src/base/principal.ts';
import { createBodies } from '../../src/http/bodies/bodies.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import type { McpServing } from '../../src/calls/events/mcp-serving.ts';
import { createMcpRoute } from '../../src/http/mcp-route.ts';
import { createOriginGuard } from '../../src/http/origin.ts';

const headers = { 'Content-Type': 'application/json' };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param most requests under way */
function stage(most: number) {
  const waiting: (() => void)[] = [];
  /** Handlers of streamed answers. */
  const ends: (() => void)[] = [];
  const serve: McpServing['serve'] = async (_request, body) => {
    const isStreamed = body === 'stream';
    if (!isStreamed) await new Promise<void>((resolve) => waiting.push(resolve));
    return {
      response: new Response('{}'),
      asked: { mcp: 'x' },
      account: { spent: () => ({ storeCalls: {} }) },
      ended: isStreamed ? new Promise<void>((resolve) => ends.push(resolve)) : null,
    };
  };
  const bodies = createBodies({ now: Date.now, sleep: () => new Promise(() => {}) });
  const guard = createOriginGuard({ publicUrl: null, host: null });
  const route = createMcpRoute(
    { serve, needs: () => Promise.resolve([]), open: null, end: null },
    {
      guard,
      authenticate: () => PUBLIC,
      authenticateAgain: () => PUBLIC,
      limitBytes: 1_000,
      bodies,
      mostRequests: most,
      challenges: createChallenges(),
      eventCodes: 'sketch',
      audit: undefined,
      count: null,
    },
  );
  const post = (body: string | ReadableStream = '1') =>
    route.post(new Request('http://a/mcp', { method: 'POST', headers, body, duplex: 'half' }), () => {});
  return { waiting, ends, post };
}

test('what is over is answered 503 with Retry-After before its body is read, until one has its answer', async () => {
  const { waiting, post } = stage(2);
  const both = [post(), post()];
  await turn();
  let isRead = false;
  const body = new ReadableStream({ pull: () => void (isRead = true) }, { highWaterMark: 0 });
  const third = await post(body);
  expect([third.status, third.headers.get('retry-after'), isRead]).toEqual([503, '2', false]);
  expect(await third.json()).toMatchObject({ error: { code: -32_010, data: { code: 'overloaded' } } });
  waiting[0]?.();
  await both[0];
  const fourth = post();
  await turn();
  expect(waiting).toHaveLength(3);
  for (const go of waiting) go();
  expect((await fourth).status).toBe(200);
});

test('a streamed answer counts until its handler is done', async () => {
  const { waiting, ends, post } = stage(1);
  expect((await post('"stream"')).status).toBe(200);
  expect((await post()).status).toBe(503);
  ends[0]?.();
  await turn();
  const next = post();
  await turn();
  waiting[0]?.();
  expect((await next).status).toBe(200);
});

test('bodies that do not come take no place of those that have come, and have a bound of their own', async () => {
  const { waiting, post } = stage(1);
  for (let at = 0; at < 4; at += 1) void post(new ReadableStream({}));
  await turn();
  const last = await post();
  expect(last.status).toBe(503);
  const other = stage(1);
  for (let at = 0; at < 3; at += 1) void other.post(new ReadableStream({}));
  const answered = other.post();
  await turn();
  other.waiting[0]?.();
  expect((await answered).status).toBe(200);
  expect(waiting).toEqual([]);
});

test('one whose body comes when there is no place is refused, and one that is wrong takes none', async () => {
  const { waiting, post } = stage(1);
  const end = Promise.withResolvers<void>();
  const slow = post(
    new ReadableStream({
      async start(controller) {
        await end.promise;
        controller.enqueue(new TextEncoder().encode('1'));
        controller.close();
      },
    }),
  );
  for (let at = 0; at < 10; at += 1) expect((await post('{')).status).toBe(400);
  const first = post();
  await turn();
  end.resolve();
  expect((await slow).status).toBe(503);
  waiting[0]?.();
  expect((await first).status).toBe(200);
});
