/** The official clients of both lines are asked by three processes on one store, each of their messages by another one. */
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireService } from '../../services/available.ts';
import { ENGINES } from '../../services/engine.ts';
import { type Spread, startSpread } from '../../services/spread.ts';

const START_MS = 120_000;
const CALL_MS = 60_000;
const there = { sqlite: true, redis: requireService('redis'), dynamodb: requireService('dynamodb') };
const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const said = { role: 'assistant' as const, content: { type: 'text' as const, text: 'aha' }, model: 'm' };
const roots = { roots: [{ uri: 'file:///a' }] };

/** What a client answers to a form. */
type Answering = () => Promise<{ action: 'accept' | 'decline' | 'cancel'; content?: Record<string, string | boolean> }>;
interface Asked {
  call(name: string): Promise<{ content: unknown }>;
  close(): Promise<void>;
}

const CLIENTS: Record<string, (url: URL, answer: Answering) => Promise<Asked>> = {
  async v1(url, answer) {
    const client = new OldClient({ name: 't', version: '0' }, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, answer);
    client.setRequestHandler(CreateMessageRequestSchema, () => said);
    client.setRequestHandler(ListRootsRequestSchema, () => roots);
    await client.connect(new OldTransport(url));
    const call = async (name: string) =>
      (await client.callTool({ name, arguments: { id: 'x' } })) as { content: unknown };
    return { call, close: () => client.close() };
  },
  async v2(url, answer) {
    const client = new Client({ name: 't', version: '0' }, { capabilities, versionNegotiation: { mode: 'legacy' } });
    client.setRequestHandler('elicitation/create', answer);
    client.setRequestHandler('sampling/createMessage', () => said);
    client.setRequestHandler('roots/list', () => roots);
    await client.connect(new StreamableHTTPClientTransport(url));
    return { call: (name) => client.callTool({ name, arguments: { id: 'x' } }), close: () => client.close() };
  },
};

function connected(line: string, { url }: Spread, answer: Answering): Promise<Asked> {
  const connect = CLIENTS[line];
  if (!connect) throw new Error(`no client ${line}`);
  return connect(new URL(`${url}/mcp`), answer);
}

const APP = join(import.meta.dirname, 'spread-app.ts');
const VARIABLES = { TIDEGATE_SECRET: 'a secret of the tests, of 32 characters', LOG_LEVEL: 'warn' };

const accept = () => Promise.resolve({ action: 'accept' as const, content: { name: 'Ada', colour: 'blue', ok: true } });

describe.each(ENGINES.filter((engine) => there[engine]))('%s', (engine) => {
  let spread: Spread;
  beforeAll(async () => {
    spread = await startSpread(APP, engine, VARIABLES);
  }, START_MS);
  afterAll(() => spread.close());

  // Most of a round is waiting for another process to look.
  describe.concurrent.each(Object.keys(CLIENTS))('the %s client', (line) => {
    const connect = (answer: Answering) => connected(line, spread, answer);

    it('answers in every round', { timeout: CALL_MS }, async () => {
      const client = await connect(accept);
      try {
        for (const [name, expected] of [
          ['greet', 'Hello, Ada!'],
          ['pair', 'Ada: true'],
          ['steps', '"colour":"blue"'],
          ['remove', 'removed x'],
          ['client', 'file:///a'],
          ['visit', 'accept'],
        ] as const) {
          expect([name, JSON.stringify((await client.call(name)).content)]).toEqual([
            name,
            expect.stringContaining(JSON.stringify(expected).slice(1, -1)),
          ]);
        }
      } finally {
        await client.close();
      }
    });

    it('declines', { timeout: CALL_MS }, async () => {
      const client = await connect(() => Promise.resolve({ action: 'decline' }));
      expect(JSON.stringify((await client.call('greet')).content)).toContain('You chose to decline.');
      await client.close();
    });
  });
});

describe.concurrent('a process that is killed between question and answer', () => {
  const title = 'is replaced: the %s client comes back for the result';
  it.each(Object.keys(CLIENTS))(title, { timeout: START_MS }, async (line) => {
    // All go to the first that is there.
    const spread = await startSpread(APP, 'sqlite', VARIABLES, () => 0);
    try {
      const [first] = spread.processes;
      const client = await connected(line, spread, async () => {
        spread.proxy.leaveOut(first?.url ?? '');
        await first?.kill();
        return { action: 'accept', content: { ok: true } };
      });
      expect(JSON.stringify((await client.call('remove')).content)).toContain('removed x');
      expect(spread.proxy.given()[1]).toBeGreaterThan(1);
      await client.close();
    } finally {
      await spread.close();
    }
  });
});
