/** What is kept for a client that comes back, and to whom it is given. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { BEGINNING } from '../../../src/mcp/sessions/event-ids.ts';
import { createKeptMessages } from '../../../src/mcp/sessions/kept-messages.ts';
import { createSessionHints } from '../../../src/mcp/sessions/session-hints.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const ANSWER = { jsonrpc: '2.0' as const, id: 1, result: { said: 'what the vault has' } };

test.each([
  { kept: ['vault'], asks: ['vault'], given: 1 },
  { kept: ['vault', 'tasks'], asks: ['tasks', 'vault', 'admin'], given: 1 },
  { kept: ['vault:north'], asks: ['vault'], given: 1 },
  { kept: ['vault'], asks: ['*'], given: 1 },
  { kept: ['vault'], asks: [], given: 0 },
  { kept: ['vault'], asks: ['vault:north'], given: 0 },
  { kept: ['*'], asks: ['vault'], given: 0 },
])('what was answered with $kept is read with $asks: $given', async ({ kept, asks, given }) => {
  const runtime = systemRuntime(() => {});
  const messages = createKeptMessages(runtime, createSessionHints(runtime));
  const account = { store: createMemoryStore() };
  const callWith = (scopes: string[]) => {
    const principal = { tenant: 't', subject: 's', client: null, scopes };
    return { principal, account, deadline: Date.now() + 10_000 };
  };
  expect(await messages.keep('session', 'stream', [ANSWER], callWith(kept))).toBe(true);
  expect(await messages.read('session', 'stream', BEGINNING, callWith(asks))).toHaveLength(given);
});
