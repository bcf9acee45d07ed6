/**
 * Requests that went wrong somewhere: valid ones of every method and both eras, with up to four parts of the message, the
 * headers, the bytes or the path replaced at random, under a seed.
 */
import { carelessly } from '../base/schema/careless.ts';
import { HEADER_VALUES, mutate, textOf } from '../mcp/serve/wrong-messages.ts';
import { type Random, valueOf } from './arguments.ts';
import { bodyComing, comingOf } from './coming.ts';
import { PUSH_TOKEN } from './stage.ts';
import type { JsonObject } from '../../src/base/json.ts';

/** What the server said that a later request can name: tasks, cursors, handles, states. Bounded, the oldest forgotten. */
export interface Known {
  texts: string[];
  states: string[];
  tools: { name: string; inputSchema: JsonObject }[];
  prompts: string[];
  uris: string[];
}

export interface FuzzRequest {
  /** What it would have asked for. */
  method: string;
  request: Request;
  /** How many JSON-RPC answers there may be; 0: none is asked for here. */
  mostAnswers: number;
  /** Whether it needs no credential, or brings that of a stream. */
  isOpen: boolean;
  /** The body, where it is a text. */
  text: string | null;
  /** For the report: what was sent, as far as it is worth reading. */
  shown: string;
}

const ORIGIN = 'http://127.0.0.1:8787';
const VERSIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '1999-01-01'];
const META = 'io.modelcontextprotocol/';
const PATHS = [
  '/',
  '/mcp',
  '/mcp/',
  '/mcp/server-card',
  '/.well-known/mcp.json',
  '/.well-known/ai-catalog.json',
  '/healthz',
  '/readyz',
  '/ingest/ticks',
  '/ingest/pushed',
  '/ingest/pushed',
  '/%',
  '/mcp/%00',
  `/${'a/'.repeat(500)}`,
];
const HTTP_METHODS = ['GET', 'HEAD', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'POST'];
const HEADERS = [
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Param-Region',
  'Accept',
  'Content-Type',
  'Origin',
  'Host',
  'Mcp-Session-Id',
  'Last-Event-ID',
];
const MORE_HEADER_VALUES = [
  ...HEADER_VALUES,
  'text/event-stream',
  '*/*',
  'application/json; charset=x',
  'null',
  'https://evil.example',
  '%',
  `a${'b'.repeat(9_000)}`,
];
const CAPABILITIES: JsonObject[] = [
  {},
  { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
  ...Array.from({ length: 3 }, () => ({ extensions: { [`${META}tasks`]: {} }, elicitation: {} })),
];

/** Method and parameters of a request that would be right. */
function rightMessage(random: Random, known: Known): [method: string, params: JsonObject] {
  const pick = <Item>(items: readonly Item[], or: Item): Item => items[random(items.length)] ?? or;
  const text = () => pick(known.texts, 'x');
  const asked = (): JsonObject =>
    random(3) > 0 || known.states.length === 0
      ? {}
      : { requestState: pick(known.states, ''), inputResponses: { a: { action: 'accept', content: { name: 'b' } } } };
  switch (random(16)) {
    case 0:
      return [
        'initialize',
        {
          protocolVersion: pick(VERSIONS, ''),
          capabilities: pick(CAPABILITIES, {}),
          clientInfo: { name: 'f', version: '0' },
        },
      ];
    case 1:
      return ['server/discover', {}];
    case 2: {
      const list = pick(['tools', 'prompts', 'resources', 'resources/templates'], 'tools');
      return [`${list}/list`, random(2) === 0 ? {} : { cursor: random(2) === 0 ? btoa(`${list}:100`) : text() }];
    }
    case 3:
      return ['resources/read', { uri: pick(known.uris, 'x:'), ...asked() }];
    case 4:
      return ['prompts/get', { name: pick(known.prompts, 'x'), arguments: { arg1: 'a', arg2: text() }, ...asked() }];
    case 5:
      return [
        'completion/complete',
        {
          ref:
            random(2) === 0
              ? { type: 'ref/prompt', name: pick(known.prompts, 'x') }
              : { type: 'ref/resource', uri: pick(known.uris, 'x:') },
          argument: { name: pick(['arg1', 'name', 'id'], ''), value: random(2) === 0 ? 't' : text() },
        },
      ];
    case 6:
      return [pick(['tasks/get', 'tasks/cancel', 'tasks/result', 'tasks/list'], ''), { taskId: text() }];
    case 7:
      return ['tasks/update', { taskId: text(), inputResponses: { ask: { action: 'accept', content: {} } } }];
    case 8:
      return [
        'subscriptions/listen',
        { notifications: { toolsListChanged: true, resourceSubscriptions: [pick(known.uris, 'x:')] } },
      ];
    case 9:
      return [
        pick(
          [
            'ping',
            'logging/setLevel',
            'resources/subscribe',
            'notifications/initialized',
            'notifications/cancelled',
            'sampling/createMessage',
            'no/such',
          ],
          '',
        ),
        { level: 'info', uri: pick(known.uris, 'x:'), requestId: 1 },
      ];
    default: {
      const tool = pick(known.tools, { name: 'x', inputSchema: {} });
      return ['tools/call', { name: tool.name, arguments: written(tool.inputSchema, random, known), ...asked() }];
    }
  }
}

/** As careful clients write them, or as careless ones do: null for nothing, texts for numbers, lists and objects. */
function written(schema: JsonObject, random: Random, known: Known): JsonObject {
  const args = valueOf(schema, random, known.texts);
  return (random(3) === 0 ? carelessly(schema, args, random) : args) as JsonObject;
}

/** @param sleep waits in model time, between the pieces of a body that comes slowly */
export function wrongRequest(
  random: Random,
  known: Known,
  round: number,
  sleep: (ms: number) => Promise<void>,
): FuzzRequest {
  const pick = <Item>(items: readonly Item[]) => items[random(items.length)];
  const [method, params] = rightMessage(random, known);
  const modern = random(4) > 0;
  const message: Record<string, unknown> = { jsonrpc: '2.0', id: round, method, params };
  if (modern) {
    const meta = {
      [`${META}protocolVersion`]: '2026-07-28',
      [`${META}clientCapabilities`]: pick(CAPABILITIES),
      progressToken: 'p',
    };
    message['params'] = { ...params, _meta: meta };
  }
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': modern ? '2026-07-28' : '2025-11-25',
    Host: '127.0.0.1:8787',
  };
  if (modern) {
    headers['Mcp-Method'] = method;
    const name = params['uri'] ?? params['taskId'] ?? params['name'];
    if (typeof name === 'string') headers['Mcp-Name'] = random(2) === 0 && ASCII.test(name) ? name : inBase64(name);
  }
  message['params'] = structuredClone(message['params']);
  for (let count = Math.max(0, random(6) - 2); count > 0; count -= 1) mutate(message, random);
  if (random(6) === 0) headers[pick(HEADERS) ?? 'x'] = pick(MORE_HEADER_VALUES) ?? '';
  if (random(12) === 0) delete headers[pick(HEADERS) ?? ''];

  const isBatch = random(20) === 0;
  let body: string | Uint8Array<ArrayBuffer> = textOf(isBatch ? [message, message] : message);
  if (random(15) === 0) body = broken(body, random);
  const elsewhere = random(25) === 0;
  const path = elsewhere ? (pick(PATHS) ?? '/') : '/mcp';
  const isPush = path === '/ingest/pushed';
  const verb = elsewhere && !isPush ? (pick(HTTP_METHODS) ?? 'GET') : 'POST';
  if (isPush) {
    body = pushed(body, random);
    headers['Authorization'] = `Bearer ${PUSH_TOKEN}`;
    if (random(2) === 0) headers['Idempotency-Key'] = `key-${random(50)}`;
    if (random(3) === 0) headers['Content-Type'] = 'application/x-ndjson';
  }
  const hasBody = verb !== 'GET' && verb !== 'HEAD';
  const coming = hasBody ? comingOf(random) : null;
  const shown = `${coming ?? ''} ${verb} ${path.slice(0, 80)} ${JSON.stringify(headers).slice(0, 600)} ${String(body).slice(0, 600)}`;
  const sent = coming === null ? { body } : { body: bodyComing(body, coming, random, sleep), duplex: 'half' as const };
  const init = hasBody ? { method: verb, headers, ...sent } : { method: verb, headers };
  const mostAnswers = verb !== 'POST' || path !== '/mcp' ? 0 : isBatch ? 2 : 1;
  const isOpen = !(path === '/mcp' && (verb === 'POST' || verb === 'DELETE'));
  const text = typeof body === 'string' && path === '/mcp' ? body : null;
  return { method, request: new Request(`${ORIGIN}${path}`, init), mostAnswers, isOpen, text, shown };
}

const ASCII = /^[\x21-\x7e]+$/;

function inBase64(text: string): string {
  return `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** Events, some of them right, or what was to be sent. */
function pushed(body: string | Uint8Array<ArrayBuffer>, random: Random): string | Uint8Array<ArrayBuffer> {
  if (random(4) === 0) return body;
  const events = Array.from({ length: random(5) }, () => ({ id: random(6) === 0 ? 'x' : random(1_000) }));
  return random(2) === 0 ? JSON.stringify(events) : events.map((event) => JSON.stringify(event)).join('\n');
}

/** Cut off, with a byte replaced, doubled, or not text at all. */
function broken(text: string, random: Random): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  switch (random(4)) {
    case 0:
      return bytes.slice(0, random(bytes.length));
    case 1:
      bytes[random(bytes.length)] = random(256);
      return bytes;
    case 2:
      return new TextEncoder().encode(text + text);
    default:
      return Uint8Array.from({ length: 1 + random(2_000) }, () => random(256));
  }
}
