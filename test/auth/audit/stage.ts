/** A host whose callers say who they are, over an app of all that is put on record. */
import { expect, onTestFinished } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { defineApp, secret, stream, task, tool, TidegateError } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { answerOf, modern, type Sent } from '../messages.ts';

export const ada: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: [] };
export const PAYLOAD = 'what-was-sent-and-is-secret';
export const VARIABLES: Record<string, string> = {
  ORDERS_TOKEN: 'a-token-of-orders-for-tests',
  HOOKS: 'a-secret-of-the-hooks',
};

export const Note = z.object({ text: z.string() });
export const app = defineApp({
  name: 'audited',
  version: '1',
  description: 'Tools that change something',
  streams: {
    orders: stream({
      description: 'Orders',
      schema: Note,
      push: { token: secret('ORDERS_TOKEN'), github: secret('HOOKS') },
    }),
  },
  tools: {
    look: tool({ description: 'Reads', annotations: { readOnlyHint: true }, run: async () => PAYLOAD }),
    write: tool({
      description: 'Writes',
      input: Note,
      run: async ({ text }, { streams }) => {
        await streams.append('orders', { text });
        return text;
      },
    }),
    send: tool({ description: 'Does something', run: async () => 'sent' }),
    fail: tool({
      description: 'Fails',
      run: async () => {
        throw new TidegateError('not_found', PAYLOAD);
      },
    }),
    refuse: tool({ description: 'Says that it failed', run: async () => ({ text: PAYLOAD, isError: true }) }),
    forge: tool({
      description: 'Tries to write the audit log',
      run: async (_, { streams }) => {
        await streams.append('audit', {});
        return 'done';
      },
    }),
    tidy: tool({
      description: 'Removes what it wrote',
      run: async (_, { streams }) => {
        const { id } = await streams.append('orders', { text: PAYLOAD });
        await streams.remove('orders', { id });
        return 'tidied';
      },
    }),
    erase: tool({
      description: 'Tries to remove from the audit log',
      run: async (_, { streams }) => {
        await streams.remove('audit', { ids: ['x'] } as never);
        return 'done';
      },
    }),
  },
  tasks: {
    count: task({
      description: 'Asks and counts',
      version: '1',
      run: async (_, { ask }) =>
        JSON.stringify(await ask('how', { kind: 'form', message: 'How?', schema: Note } as never)),
    }),
  },
});

export interface Stage {
  logged: unknown[];
  ask: (sent: Sent, as?: string) => ReturnType<typeof answerOf>;
  send: (request: Request) => ReturnType<typeof answerOf>;
  push: (body: string, headers: Record<string, string>) => Promise<Response>;
  /** What was done, and behind it what failed. */
  records: (as?: string) => Promise<Record<string, unknown>[]>;
  pass: (ms: number) => void;
  /** Runs what a schedule runs. */
  sweep: () => Promise<unknown>;
}

/** Who calls says in its header what it is named and what it may do: `acme/ada *`. Without one it is refused. */
export function stage(store: Store = createMemoryStore(), given = app): Stage {
  const logged: unknown[] = [];
  let ahead = 0;
  const system = systemRuntime((...line) => void logged.push(line));
  const host = createHost({
    app: given,
    store,
    runtime: { ...system, now: () => Date.now() + ahead },
    variable: (name) => VARIABLES[name] ?? null,
    secrets: { current: 'a secret of a test, which guards nothing', previous: null },
    authenticate({ headers }): Principal | Response {
      const [, tenant, subject, scopes] = /^(\w+)\/(\w+) (.+)$/.exec(headers.get('authorization') ?? '') ?? [];
      if (!tenant || !subject || !scopes) return new Response('who?', { status: 401 });
      return { tenant, subject, client: 'a-client', scopes: scopes.split(' ') };
    },
    pushNeeds: 'either',
    tenants: () => ['acme', 'other', 'public'],
  });
  onTestFinished(() => host.close());
  const ask = (sent: Sent, as = 'acme/ada *') => answerOf(host, modern(sent, as));
  return {
    logged,
    ask,
    send: (request) => answerOf(host, request),
    async push(body, headers) {
      const sent = { 'Content-Type': 'application/json', ...headers };
      return host.fetch(new Request('http://127.0.0.1/ingest/orders', { method: 'POST', body, headers: sent }));
    },
    async records(as = 'acme/eve admin') {
      const found: Record<string, unknown>[] = [];
      for (const name of ['audit', 'audit_failed']) {
        const { result, text } = await ask(call('read_history', { stream: name, order: 'oldest' }), as);
        const read = (result as unknown as { structuredContent?: { events: { data: Record<string, unknown> }[] } })
          ?.structuredContent;
        if (!read) throw new Error(text);
        expect(text).not.toContain(PAYLOAD);
        found.push(...read.events.map(({ data }) => data));
      }
      return found;
    },
    pass: (ms) => void (ahead += ms),
    sweep: () => host.scheduled(Date.now() + ahead + 5_000),
  };
}

export const call = (name: string, args: object = {}): Sent => ({
  method: 'tools/call',
  params: { name, arguments: args },
});
export const record = (more: object) => ({
  action: 'call',
  subject: 'ada',
  client: 'a-client',
  target: null,
  task: null,
  outcome: 'done',
  code: null,
  events: null,
  bytes: null,
  count: 1,
  ...more,
});
