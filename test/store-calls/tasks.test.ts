/** What a poll of a task asks of Redis: one call, one request, and no commit. */
import { expect, onTestFinished, test } from 'vitest';
import { createRedisStore } from '../../src/store/redis/store.ts';
import { countCalls } from '../../src/store/counting.ts';
import { ask, begin } from '../mcp/tasks/client.ts';
import { taskApp } from '../mcp/tasks/task-app.ts';
import { serveApp } from '../mcp/served.ts';
import { requireService } from '../services/available.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';

test.skipIf(!requireService('redis'))('tasks/get and get_task cost one call each (needs redis-server)', async () => {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const store = await createRedisStore({ url: front.url, token: front.token, app: taskApp.name, log: () => {} });
  const counted = countCalls(store);
  const served = await serveApp(taskApp, { store: counted.store });
  onTestFinished(async () => {
    await served.close();
    await store.close();
    await front.stop();
    await redis.stop();
  });
  const taskId = await begin(served, 'nap', { ms: 1 });
  const poll = [
    () => ask(served, 'tasks/get', { taskId }),
    () => ask(served, 'tools/call', { name: 'get_task', arguments: { task: taskId } }),
  ];
  // The first use of a script at a server costs a second request, which carries its text.
  for (const asked of poll) await asked();
  for (const asked of poll) {
    counted.reset();
    const before = front.requests();
    expect((await asked()).result).toMatchObject({ resultType: 'complete' });
    expect([counted.calls(), front.requests() - before]).toEqual([{ get: 1 }, 1]);
  }
});
