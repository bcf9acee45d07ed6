/** What a host that does not hold connections tells of feeds that lose something: at the start, and in the streams' texts. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { HostOptions } from '../../src/hosts/http-host.ts';
import { createLazyHost } from '../../src/hosts/lazy-host.ts';
import { defineApp, from, http, type HttpOptions, mqtt, type MqttOptions, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const Reading = z.object({ id: z.string() });
const described = { description: 'Readings of a plant', schema: Reading, id: 'id' as const };

function optionsOf(options: Partial<MqttOptions>, more: Partial<HostOptions>) {
  const logged: unknown[][] = [];
  const app = defineApp({
    name: 'plant',
    version: '1.0.0',
    description: 'A plant',
    feeds: { plant: mqtt({ url: 'mqtt://broker.example', clientId: 'c', ...options }) },
    streams: {
      readings: stream({ ...described, feed: from('plant', { topic: 'plant/#' }) }),
      pushed: stream(described),
    },
  });
  const runtime = systemRuntime((...line) => void logged.push(line));
  return { logged, options: { app, store: createMemoryStore(), runtime, isOpen: true, ...more } };
}

/** What an agent is told of the streams: the answer of list_streams, and the description of read_latest. */
async function toldBy({ fetch }: ReturnType<typeof createHost>) {
  const ask = async (method: string, params: object) => {
    const response = await fetch(
      new Request('http://127.0.0.1/mcp', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': '2025-11-25',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      }),
    );
    return response.text();
  };
  return {
    listed: await ask('tools/call', { name: 'list_streams', arguments: {} }),
    tools: await ask('tools/list', {}),
  };
}

test.each([
  [createHost, { qos: 1 }, 'Of what devices publish at QoS 0 only what comes during a burst is here.'],
  [createHost, { qos: 0 }, 'Only what is published during a burst is here'],
  [createLazyHost, { qos: 1 }, 'Of what devices publish at QoS 0 only what comes during a burst is here.'],
] as const)('%o with %o tells it once, with what to do', async (create, given, what) => {
  const { logged, options } = optionsOf(given, {});
  const host = create(options);
  const fix = expect.stringContaining('QoS 1');
  expect(logged).toEqual([['warn', expect.stringContaining(what), { feed: 'plant', fix }]]);
  const { listed, tools } = await toldBy(host);
  expect(listed).toContain(what);
  expect(tools).toContain(what);
  expect(listed).toContain('at-least-once');
  await host.close();
});

test('a host that holds connections has nothing to tell', async () => {
  const { logged, options } = optionsOf({}, { holds: true });
  const host = createHost(options);
  expect(logged).toEqual([]);
  const { listed, tools } = await toldBy(host);
  expect(`${listed}${tools}`).not.toContain('QoS');
  expect(listed).not.toContain('at-least-once');
  await host.close();
});

test.each([
  [createHost, false],
  [createLazyHost, false],
  [createLazyHost, true],
])(
  '%o: a feed that lists everything again each time is told once at the start, and in list_streams',
  async (create, holds) => {
    const Row = z.object({ station: z.string(), bikes: z.number() });
    const url = 'https://source.example/rows.json';
    const rows = (id: object, given: Partial<HttpOptions>) =>
      stream({ description: 'Rows', schema: Row, ...id, feed: http({ url, ...given }) });
    const app = defineApp({
      name: 'rows',
      version: '1.0.0',
      description: 'Rows',
      streams: {
        bare: rows({}, {}),
        known: rows({ id: 'station' }, {}),
        onward: rows({}, { cursor: { from: 'next', param: 'after' } }),
        since: rows({}, { url: `${url}?from={since}`, since: { from: 'station' } }),
        asked: rows({}, { url: () => url }),
      },
    });
    const logged: unknown[][] = [];
    const runtime = systemRuntime((...line) => void logged.push(line));
    const host = create({ app, store: createMemoryStore(), runtime, isOpen: true, holds });
    const fix = expect.stringContaining('declare id');
    expect(logged).toEqual([
      ['warn', expect.stringContaining('a feed repeats itself'), { feed: 'bare', streams: ['bare'], fix }],
    ]);
    const { listed, tools } = await toldBy(host);
    const text = 'Each poll appends all that the source lists';
    const { streams } = (JSON.parse(/^data: (.*)$/m.exec(listed)?.[1] ?? listed) as Answer).result.structuredContent;
    expect(streams.map(({ name, delivery, caveat }) => [name, delivery, caveat?.startsWith(text) ?? false])).toEqual([
      ['bare', 'at-least-once', true],
      ['known', 'exactly-once', false],
      ['onward', 'exactly-once', false],
      ['since', 'exactly-once', false],
      ['asked', 'at-least-once', false],
    ]);
    expect(tools).not.toContain(text);
    expect(logged.filter(([, message]) => String(message).includes('repeats itself'))).toHaveLength(1);
  },
);

interface Answer {
  result: { structuredContent: { streams: { name: string; delivery: string; caveat?: string }[] } };
}
