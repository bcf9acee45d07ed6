/** A client of `waking-app.ts` and the recorder of what its work does outside, whatever host it runs on. */
import { type HttpSource, startHttpSource } from '../services/http-feed.ts';

const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
export const KEY = 'the one key of a server in a test, of no use';
export const PUSH_TOKEN = 'the-token-of-pushes-in-a-test';

export interface Told {
  /** Of the event. */
  id: string;
  /** Epoch ms at which it was with the receiver. */
  at: number;
}

export interface Recorder {
  source: HttpSource;
  /** What the app is given beside its store. */
  variables: Record<string, string>;
  /** Webhooks, in the order in which they came. */
  told: readonly Told[];
  /** Steps of a task that were begun, in order. */
  effects(name: string): string[];
  /** Paths of effects are answered from now on. */
  expect(...paths: string[]): void;
}

export async function startRecorder(): Promise<Recorder> {
  const source = await startHttpSource();
  const told: Told[] = [];
  source.on('/hook', (_request, response) => {
    const body = JSON.parse(source.requests.at(-1)?.body ?? '{}') as Record<string, string>;
    if (body['type'] === 'verification') {
      response.end(JSON.stringify({ challenge: body['challenge'] }));
      return;
    }
    told.push({ id: body['eventId'] ?? '', at: Date.now() });
    response.writeHead(204).end();
  });
  return {
    source,
    told,
    variables: {
      RECORD_URL: source.origin,
      TIDEGATE_KEY: KEY.replaceAll(/[ ,]/g, '-'),
      TIDEGATE_SECRET: 'a secret of a server in a test, of no use',
      PUSH_TOKEN,
    },
    effects: (name) =>
      source.requests.filter(({ path }) => path.startsWith(`/${name}/`)).map(({ path }) => path.slice(name.length + 2)),
    expect(...paths) {
      for (const path of paths) source.on(`/${path}`, (_request, response) => response.end(path));
    },
  };
}

export interface Asked {
  method: 'POST';
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A request of MCP, whoever sends it. */
export function mcpCall(name: string, args: object, variables: Record<string, string>): Asked {
  return {
    method: 'POST',
    path: '/mcp',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${variables['TIDEGATE_KEY'] ?? ''}`,
      'mcp-protocol-version': VERSION,
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: args, _meta: META },
    }),
  };
}

/** A push of one tick. */
export function push(id: string, level: number, stream = 'ticks'): Asked {
  return {
    method: 'POST',
    path: `/ingest/${stream}`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${PUSH_TOKEN}` },
    body: JSON.stringify({ id, level }),
  };
}

/** What `subscribe` is called with to have each tick sent to the recorder. */
export const hookOf = ({ source }: Recorder, event = 'stream.ticks') => ({ event, url: `${source.origin}/hook` });
