/**
 * `server/discover` is answered in two ways: directly, and by the SDK. Here the SDK is the oracle: whatever is answered
 * directly, it would have answered so, and whatever it refuses it was asked.
 */
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { defineApp } from '../../../src/index.ts';
import { createDiscover } from '../../../src/mcp/serve/discover.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { createServing } from '../../../src/mcp/serve/serving.ts';
import { NO_STATES } from '../../calls/states.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { LEGACY_VERSIONS } from '../../../src/mcp/wire/versions.ts';
import { sampleApp } from '../sample-app.ts';
import { HEADER_VALUES, mutate, randomFrom, textOf, WRONG } from './wrong-messages.ts';

type Members = Record<string, unknown>;

const SEED = 20_261_121;
const ROUNDS = 3_000;
const PREFIX = 'io.modelcontextprotocol/';
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'server/discover',
};

function noStreams(): never {
  throw new Error('nothing here reads a stream');
}

function sidesOf(app: typeof sampleApp) {
  const runtime = systemRuntime(() => {});
  const registry = createRegistry({ app, runtime, streamsFor: noStreams, requestStates: NO_STATES }, []);
  return {
    discover: createDiscover(registry.about),
    sdk: createServing({ runtime, registry, registryOf: () => registry, store: createMemoryStore() }),
  };
}
const { discover, sdk } = sidesOf(sampleApp);

function messageWith(meta: Members, more: Members = {}): Members {
  const envelope = { [`${PREFIX}protocolVersion`]: '2026-07-28', [`${PREFIX}clientCapabilities`]: {}, ...meta };
  return { jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: envelope }, ...more };
}

const CAPABILITIES = {
  elicitation: { form: {}, url: {} },
  extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } },
  experimental: { 'a/b': { c: [1, { d: null }] } },
  roots: { listChanged: true },
  sampling: { tools: {}, context: {} },
};
const FULL = messageWith({
  [`${PREFIX}clientInfo`]: { name: 'c', version: '1', title: 'C', description: 'A client', websiteUrl: 'x:y' },
  [`${PREFIX}clientCapabilities`]: CAPABILITIES,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
});

function requestWith(headers: Record<string, string>): Request {
  return new Request('http://local/mcp', { method: 'POST', headers, body: '{}' });
}

async function told(response: Response): Promise<object> {
  const { status, headers } = response;
  return { status, headers: Object.fromEntries(headers), body: await response.json() };
}

/** Whether it was answered directly. Fails where the SDK answers otherwise. */
async function compared(message: unknown, headers: Record<string, string> = HEADERS): Promise<boolean> {
  const text = textOf(message);
  const body: unknown = JSON.parse(text);
  const direct = discover(requestWith(headers), body);
  if (direct === null) return false;
  const { response: oracle } = await sdk.serve(requestWith(headers), JSON.parse(text), PUBLIC);
  // The oracle runs out of stack in lists that are very deep, where nothing else has to look.
  if (oracle.status === 500 && text.length > 50_000) return true;
  expect(await told(direct), text.slice(0, 400)).toEqual(await told(oracle));
  return true;
}

test.each([
  ['the least that is asked', messageWith({})],
  ['all that clients say of themselves', FULL],
  ['a text as its id', messageWith({}, { id: 'a' })],
  ['the largest id', messageWith({}, { id: Number.MAX_SAFE_INTEGER })],
  ['an elicitation without forms', messageWith({ [`${PREFIX}clientCapabilities`]: { elicitation: {} } })],
])('%s is answered directly, as the SDK answers it', async (_what, message) => {
  expect(await compared(message)).toBe(true);
});

const capable = (capabilities: Members) => messageWith({ [`${PREFIX}clientCapabilities`]: capabilities });

test.each([
  ['a form with settings', capable({ elicitation: { form: { applyDefaults: 1 } } })],
  ['a change of roots that is none', capable({ roots: { listChanged: {} } })],
  ['an extension that is no object', capable({ extensions: { listChanged: true } })],
  ['icons', messageWith({ [`${PREFIX}clientInfo`]: { name: 'c', version: '1', icons: 'x' } })],
  ['a level of logging', messageWith({ [`${PREFIX}logLevel`]: 'loud' })],
  ['a token', messageWith({ progressToken: {} })],
  ['parameters', { ...messageWith({}), params: { ...(messageWith({}).params as Members), extra: 1 } }],
  ['a member of its own', messageWith({}, { extra: 1 })],
  ['an id that is too large', messageWith({}, { id: 2 ** 53 })],
  ['another version', messageWith({ [`${PREFIX}protocolVersion`]: '2025-11-25' })],
])('a request with %s is left to the SDK', async (_what, message) => {
  expect(await compared(message)).toBe(false);
});

test('headers that are not looked at change nothing', async () => {
  const others = { 'mcp-name': 'x', accept: 'text/html', 'mcp-session-id': 'x', origin: 'http://a' };
  for (const [name, value] of Object.entries(others)) {
    expect(await compared(FULL, { ...HEADERS, [name]: value })).toBe(true);
  }
});

/** Everything below `node` that has a name, as where it stands. */
function placesIn(node: unknown): { holder: Members; key: string }[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return [];
  const holder = node as Members;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

test('each part left out, replaced or added to: nothing is answered directly that the SDK answers otherwise', async () => {
  let direct = 0;
  let left = 0;
  const look = async (message: unknown) => ((await compared(message)) ? (direct += 1) : (left += 1));
  for (const index of placesIn(FULL).keys()) {
    const at = (change: (holder: Members, key: string) => void) => {
      const message = structuredClone(FULL);
      const place = placesIn(message)[index];
      if (place) change(place.holder, place.key);
      return look(message);
    };
    await at((holder, key) => delete holder[key]);
    for (const extra of WRONG) {
      await at((holder, key) => (holder[key] = extra));
      await at((holder) => (holder['extra'] = extra));
      await at((holder, key) => {
        if (typeof holder[key] === 'object') holder[key] = { ...holder[key], extra };
      });
    }
  }
  // Parts that no client has to send were left out, and parts of extensions are free: both are right.
  expect(direct).toBeGreaterThan(50);
  expect(left).toBeGreaterThan(300);
});

test('each header left out or another', async () => {
  const types = [
    'application/json; charset=utf-8',
    'Application/JSON;charset=UTF-8',
    'application/json;a,b',
    'text/plain',
  ];
  let direct = 0;
  for (const name of Object.keys(HEADERS)) {
    const { [name as keyof typeof HEADERS]: _left, ...rest } = HEADERS;
    if (await compared(FULL, rest)) direct += 1;
    for (const value of [...HEADER_VALUES, ...types, 'server/discover, server/discover', 'Server/Discover']) {
      if (await compared(FULL, { ...HEADERS, [name]: value })) direct += 1;
    }
  }
  // Whatever is accepted; and two ways to say that it is JSON.
  expect(direct).toBe(1 + HEADER_VALUES.length + types.length + 2 + 2);
});

test(`several parts at once, ${ROUNDS} times (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  let direct = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const message = structuredClone(FULL);
    for (let count = random(3); count >= 0; count -= 1) mutate(message, random);
    const headers: Record<string, string> = { ...HEADERS };
    const names = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'accept'];
    if (random(4) === 0) headers[names[random(names.length)] ?? ''] = HEADER_VALUES[random(HEADER_VALUES.length)] ?? '';
    if (await compared(random(20) === 0 ? [message] : message, headers)) direct += 1;
  }
  expect(direct).toBeGreaterThan(ROUNDS / 50);
  expect(direct).toBeLessThan(ROUNDS / 2);
});

test('an app without instructions, streams and resources is told of in the same way', async () => {
  const bare = sidesOf(defineApp({ name: 'bare', version: '1', description: 'd', websiteUrl: 'https://example.org' }));
  const direct = bare.discover(requestWith(HEADERS), FULL);
  expect(direct).not.toBeNull();
  const { response: oracle } = await bare.sdk.serve(requestWith(HEADERS), FULL, PUBLIC);
  expect(direct && (await told(direct))).toEqual(await told(oracle));
});

test('the versions are those that the SDK serves', () => {
  expect(LEGACY_VERSIONS).toEqual(SUPPORTED_PROTOCOL_VERSIONS);
});
