/** What the clients of the soak ask is right whatever its faults have left behind, since each error counts against the server. */
import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../src/base/runtime.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { createHost } from '../../src/hosts/host.ts';
import { nodeListener } from '../../src/node.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { publishMany } from '../../src/streams/log/publish-many.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { listen } from '../end-to-end/listen.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import app from './app.ts';
import { createClients } from './clients.ts';
import { TOKEN } from './server.ts';

/** What a feed brings at once whose breaker was open for as long as it can be, 5 min, and that failed before and behind it. */
const BACKLOG = 12_000;
const KINDS = 12;

test('every kind of call is answered where a feed has just brought minutes of items', async () => {
  const runtime = systemRuntime(() => {});
  const store = createMemoryStore();
  const host = createHost({ app, store, runtime, host: '127.0.0.1', variable: () => TOKEN });
  onTestFinished(() => host.close());
  const scope = scopeOfLogs({ app, store, runtime }, PUBLIC);
  for (let first = 0; first < BACKLOG; first += 1_000) {
    const items = Array.from({ length: 1_000 }, (_, n) => ({ data: { n: first + n }, place: 'body' }));
    await publishMany(scope, findStream(app, 'log'), items, { once: null, deadline: runtime.now() + 60_000 });
  }
  const serve = nodeListener(host);
  const port = await listen((incoming, outgoing) => void serve(incoming, outgoing));
  const clients = createClients(`http://127.0.0.1:${port}`);
  // Clients begin at different kinds, and the time is over before anyone's second call.
  await clients.run(KINDS, performance.now(), 0);
  expect([...clients.outcomes.wrong]).toEqual([]);
  expect(clients.outcomes).toMatchObject({ busy: 0, away: 0 });
  // Two of the kinds look at a task, where one was begun already.
  expect(clients.outcomes.ok).toBeGreaterThanOrEqual(KINDS - 2);
});
