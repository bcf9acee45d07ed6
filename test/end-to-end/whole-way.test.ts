/** The whole way with nothing mocked: a broker, an HTTP source, a store on disk, and the official clients of both eras. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type RunningMosquitto, startMosquitto } from '../../infra/local/mosquitto.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { type Serving, serve } from '../../src/hosts/node/serve.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { requireService } from '../services/available.ts';
import { type HttpSource, startHttpSource } from '../services/http-feed.ts';
import { type Quake, quakeFeature } from '../services/quakes.ts';
import { compiled } from '../services/compiled.ts';

const APP = join(import.meta.dirname, 'app.ts');
const CLI = join(import.meta.dirname, '../../src/hosts/cli/cli.ts');

const Page = z.object({
  events: z.array(z.object({ id: z.string(), key: z.string().optional(), data: z.json() })),
  cursor: z.string().nullish(),
});

/** What both clients can do, so that each is asked the same. */
interface Asked {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<object>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  close(): Promise<void>;
}

async function page(client: Pick<Asked, 'callTool'>, name: string, args: Record<string, unknown>) {
  const answer = await client.callTool({ name, arguments: args });
  if (!('structuredContent' in answer)) throw new Error(`${name}: ${JSON.stringify(answer)}`);
  return Page.parse(answer.structuredContent);
}

describe.skipIf(!requireService('mosquitto'))('from upstream to client (needs mosquitto)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-whole-'));
  const environment = { SQLITE_PATH: join(folder, 'tidegate.db'), PORT: '0' };
  let upstream: Record<string, string> = {};
  let broker: RunningMosquitto;
  let source: HttpSource;
  let serving: Serving;
  const burst = () => ingest(serving.deps, Date.now() + 10_000);

  function show(quakes: readonly Quake[]): void {
    source.on('/quakes', (_request, response) => {
      const features = quakes.map((quake) => quakeFeature(quake));
      response.writeHead(200, { 'content-type': 'application/geo+json' });
      response.end(JSON.stringify({ type: 'FeatureCollection', metadata: { api: '1.0.13' }, features }));
    });
  }

  beforeAll(async () => {
    broker = await startMosquitto();
    source = await startHttpSource();
    upstream = { QUAKES_URL: `${source.origin}/quakes`, MQTT_URL: `mqtt://127.0.0.1:${broker.port}` };
    Object.assign(process.env, upstream);
    show([{ id: 'nc1', updated: 1 }, { id: 'nc2' }]);
    const { default: app } = await import('./app.ts');
    const config = readConfig(environment, 'sqlite');
    serving = await serve(
      config,
      app,
      nodeRuntime(() => {}),
      null,
    );
    // The first burst makes the session at the broker.
    await burst();
  }, 30_000);

  afterAll(async () => {
    for (const name of Object.keys(upstream)) delete process.env[name];
    await serving?.stop();
    await source?.close();
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const eras: [string, () => Promise<Asked>][] = [
    [
      'v2 client over HTTP',
      async () => {
        const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
        await client.connect(new StreamableHTTPClientTransport(new URL(`${serving.url}/mcp`)));
        return client;
      },
    ],
    [
      'v1 client over HTTP',
      async () => {
        const client = new OldClient({ name: 't', version: '0' });
        await client.connect(new OldTransport(new URL(`${serving.url}/mcp`)));
        return client;
      },
    ],
    [
      'v2 client over stdio',
      async () => {
        const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
        await client.connect(new StdioClientTransport(stdio()));
        return client;
      },
    ],
    [
      'v1 client over stdio',
      async () => {
        const client = new OldClient({ name: 't', version: '0' });
        await client.connect(new OldStdioTransport(stdio()));
        return client;
      },
    ],
  ];

  function stdio() {
    const env = { PATH: process.env['PATH'] ?? '', ...compiled(), ...environment, ...upstream, LOG_LEVEL: 'error' };
    return { command: process.execPath, args: [CLI, 'stdio', '--app', APP], env };
  }

  test('50 equal messages that were published while nothing ran are 50 events after the next burst', async () => {
    const message = { topic: 'plant/boiler-1/temperature', payload: JSON.stringify({ celsius: 81.5 }) };
    await publish(
      broker.port,
      Array.from({ length: 50 }, () => message),
    );
    const report = await burst();
    expect(report.feeds.find(({ feed }) => feed === 'plant')).toMatchObject({ outcome: 'pulled', events: 50 });
    await burst();
    const extent = await serving.deps.store.extent('public/stream/temperatures');
    expect(extent.count).toBe(50);
  });

  test('a revised quake is one more event and replaces the latest; the others are not stored again', async () => {
    show([{ id: 'nc1', updated: 2, magnitude: 4.4 }, { id: 'nc2' }]);
    await burst();
    const extent = await serving.deps.store.extent('public/stream/quakes');
    expect(extent.count).toBe(3);
    const latest = await createAppStreams(serving.deps, PUBLIC, Date.now() + 10_000).latest('quakes');
    expect(latest).toMatchObject({ id: 'nc1', data: { properties: { mag: 4.4, updated: 2 } } });
  });

  test.each(eras)(
    '%s lists, reads and tails',
    async (_name, connect) => {
      const client = await connect();
      try {
        const { tools } = await client.listTools();
        const names = tools.map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(['list_streams', 'read_latest', 'read_history', 'tail_stream']));
        const { resources } = await client.listResources();
        const uris = resources.map(({ uri }) => uri);
        expect(uris).toEqual(expect.arrayContaining(['stream://quakes', 'stream://temperatures', 'feed://plant']));

        const latest = await page(client, 'read_latest', { stream: 'temperatures', key: 'boiler-1' });
        expect(latest.events).toMatchObject([{ key: 'boiler-1', data: { celsius: expect.any(Number) } }]);
        const history = await page(client, 'read_history', { stream: 'quakes' });
        const revised = history.events.filter(({ id }) => id === 'nc1').map(({ data }) => data);
        expect(revised).toMatchObject([{ properties: { mag: 4.4 } }, { properties: { mag: 2.5 } }]);

        const start = await page(client, 'tail_stream', { stream: 'temperatures', seconds: 0 });
        const celsius = Math.random();
        await publish(broker.port, [{ topic: 'plant/pump-2/temperature', payload: JSON.stringify({ celsius }) }]);
        const more = { stream: 'temperatures', cursor: start.cursor, maxEvents: 1, seconds: 10 };
        const [tail] = await Promise.all([page(client, 'tail_stream', more), burst()]);
        expect(tail.events).toMatchObject([{ key: 'pump-2', data: { celsius } }]);
      } finally {
        await client.close();
      }
    },
    30_000,
  );
});
