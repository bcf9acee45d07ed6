/**
 * `events/poll` on each engine: a poll that finds nothing, which is the common one, and one that finds a hundred events; with the calls
 * to the store and the requests to the engine that it makes. And how long an event takes from its append to a stream that is open.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { composeRegistry } from '../../src/hosts/serving.ts';
import { createHost } from '../../src/hosts/host.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { watchChanges } from '../../src/calls/changes/kept.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { openAccount } from '../../src/store/counting.ts';
import type { Store } from '../../src/store/store.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { ingestApp } from './ingest-app.ts';
import { median, print } from './print.ts';
import { reading } from './servers/ndjson.ts';
import { silentCaller } from './silent-caller.ts';

const EVENTS = 1_000;
const FOUND = 100;
const POLLS = 200;
const TOLD = 40;

const runtime = nodeRuntime(() => {});

async function append(store: Store, from: number, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, index) => {
    const data = reading(from + index) as { id: string; sensor: string; time: number };
    return { id: data.id, key: data.sensor, time: data.time, data };
  });
  const log = streamLog('public', 'readings');
  await commitSurely(runtime, store, [{ kind: 'append', log, entries }], runtime.now() + 60_000);
}

export async function benchEvents(): Promise<void> {
  const app = ingestApp({ mqtt: 'mqtt://127.0.0.1:1' });
  for (const engine of ENGINES) {
    await onEngine(engine, async (environment) => {
      const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
      const { extensions } = composeRegistry({ app, runtime }, {});
      const method = extensions.methods.get('events/poll');
      const poll = async (cursor: string | null) => {
        const account = openAccount(store, runtime);
        const started = performance.now();
        const answer = (await method?.run({ name: 'stream.readings', cursor }, { ...silentCaller, account })) as {
          cursor: string;
          events: unknown[];
        };
        return { ...answer, ms: performance.now() - started, spent: account.spent() };
      };
      await append(store, 0, EVENTS);
      const { cursor: end } = await poll(null);
      await append(store, EVENTS, FOUND);
      const { cursor: last } = await poll(end);
      for (const [what, cursor, found] of [
        ['that finds nothing', last, 0],
        [`that finds ${FOUND}`, end, FOUND],
      ] as const) {
        const times: number[] = [];
        let spent = '';
        for (let count = 0; count < POLLS; count += 1) {
          const answer = await poll(cursor);
          if (answer.events.length !== found) throw new Error(`a poll found ${answer.events.length} events`);
          times.push(answer.ms);
          spent = JSON.stringify(answer.spent);
        }
        times.sort((one, other) => one - other);
        print(`events/poll ${what} on ${engine}`, [
          ['p50', `${median(times).toFixed(3)} ms`],
          ['p99', `${(times[Math.floor(POLLS * 0.99)] ?? 0).toFixed(3)} ms`],
          ['spent', spent, 'one call'],
        ]);
      }
      await store.close();
    });
  }
  await benchStream();
}

/** From the append in this process to the frame that a reader has, for one that comes after a pause and for one of a burst. */
async function benchStream(): Promise<void> {
  const app = ingestApp({ mqtt: 'mqtt://127.0.0.1:1' });
  const { store, watch } = watchChanges({ store: createMemoryStore(), runtime });
  const host = createHost({ app, store, runtime, watch, isOpen: true });
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await host.fetch(
    new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'events/stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'events/stream',
        params: { name: 'stream.readings', _meta: meta },
      }),
    }),
  );
  const came: number[] = [];
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  void (async () => {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      came.push(...[...next.value.matchAll(/"eventId":/g)].map(() => performance.now()));
    }
  })();
  const streams = createAppStreams({ app, runtime, store }, PUBLIC);
  const times: number[] = [];
  for (let count = 0; count < TOLD; count += 1) {
    const started = performance.now();
    await streams.append('readings', reading(count));
    while (came.length <= count) await runtime.sleep(1);
    times.push((came[count] ?? 0) - started);
    await runtime.sleep(250);
  }
  times.sort((one, other) => one - other);
  await reader?.cancel();
  await host.close();
  print('events/stream, from the append to the reader, memory', [
    ['p50', `${median(times).toFixed(1)} ms`],
    ['p99', `${(times.at(-1) ?? 0).toFixed(1)} ms`],
  ]);
}
