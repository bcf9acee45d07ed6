/** The official clients of both eras, behind what both can do, so that each is asked the same. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as z from 'zod';

const Listed = z.object({
  streams: z.array(
    z.object({
      name: z.string(),
      events: z.number(),
      newestAt: z
        .string()
        .nullable()
        .transform((time) => (time === null ? null : Date.parse(time))),
      feed: z.object({ state: z.string(), lastError: z.object({ message: z.string() }).nullable() }).nullable(),
    }),
  ),
});
const Page = z.object({ events: z.array(z.object({ id: z.string(), key: z.string().optional(), data: z.json() })) });

export type ListedStream = z.infer<typeof Listed>['streams'][number];

type OnProgress = (step: { progress: number }) => void;
type Call = { name: string; arguments: Record<string, unknown> };

interface Official {
  listTools(): Promise<{ tools: { name: string }[] }>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  readResource(read: { uri: string }): Promise<object>;
  close(): Promise<void>;
}

export interface Asking {
  tools(): Promise<string[]>;
  /** Their URIs. */
  resources(): Promise<string[]>;
  /** A resource's whole answer, as JSON. */
  read(uri: string): Promise<string>;
  /** A tool's structured answer. */
  call(name: string, args: Record<string, unknown>, onprogress?: OnProgress): Promise<unknown>;
  /** `list_streams`, by name. */
  streams(): Promise<Map<string, ListedStream>>;
  history(stream: string): Promise<z.infer<typeof Page>['events']>;
  close(): Promise<void>;
}

export const ERAS = ['v2 client, 2026-07-28', 'v1 client, 2025-11-25'] as const;

/** @param url of the server, without `/mcp` */
export async function connectClient(url: string, era: (typeof ERAS)[number] = ERAS[0]): Promise<Asking> {
  const endpoint = new URL('/mcp', url);
  if (era === 'v1 client, 2025-11-25') {
    const client = new OldClient({ name: 't', version: '0' });
    await client.connect(new OldTransport(endpoint));
    return asking(client, (call, onprogress) => client.callTool(call, undefined, onprogress ? { onprogress } : {}));
  }
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(endpoint));
  return asking(client, (call, onprogress) => client.callTool(call, onprogress ? { onprogress } : {}));
}

function asking(client: Official, callTool: (call: Call, onprogress?: OnProgress) => Promise<object>): Asking {
  async function call(name: string, args: Record<string, unknown>, onprogress?: OnProgress): Promise<unknown> {
    const answer = await callTool({ name, arguments: args }, onprogress);
    if (!('structuredContent' in answer)) throw new Error(`${name}: ${JSON.stringify(answer)}`);
    return answer.structuredContent;
  }
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    resources: async () => (await client.listResources()).resources.map(({ uri }) => uri),
    read: async (uri) => JSON.stringify(await client.readResource({ uri })),
    call,
    async streams() {
      const { streams } = Listed.parse(await call('list_streams', {}));
      return new Map(streams.map((stream) => [stream.name, stream]));
    },
    history: async (stream) => Page.parse(await call('read_history', { stream })).events,
    close: () => client.close(),
  };
}
