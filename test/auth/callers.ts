/** Five callers of the rich app, known by real keys: nobody, and those who are right or wrong in one thing. */
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { type Stage, stageOf } from './host.ts';
import { answerOf, type Answered, modern, type Sent } from './messages.ts';

export const CALLERS = ['nobody', 'wrong tenant', 'wrong subject', 'wrong scope', 'right'] as const;
export type CallerName = (typeof CALLERS)[number];

export const ALL_SCOPES =
  'streams:read streams:publish tasks events admin crm weather reports ledger audit plans'.split(' ');

/** What only `right` may be told, and what it may share with the subjects of its tenant. */
export const MARKS = { own: 'mark-of-ada-alone', tenant: 'mark-of-acme', key: 'key-of-acme' } as const;

/** Calls to the store are counted, so nothing is put on record. */
export const UNRECORDED = { note: async () => {}, refused: async () => {} };

export interface Seeds {
  /** Tasks of the right caller: one that has ended with a page, and one that asks. */
  book: string;
  agree: string;
  /** Of a large answer. */
  handle: string;
}

export interface MatrixStage extends Stage {
  /** The header `Authorization` of each. */
  headers: Readonly<Record<CallerName, string | null>>;
  seeds: Seeds;
  send: (caller: CallerName, sent: Sent) => Promise<Answered>;
}

export async function matrixStage(inner: Store = createMemoryStore()): Promise<MatrixStage> {
  const at = Date.UTC(2026, 10, 20);
  const clock = { now: () => at };
  const deps = { store: inner, runtime: { ...systemRuntime(() => {}), ...clock } };
  const keyOf = async (tenant: string, name: string, scopes: readonly string[]) =>
    `Bearer ${(await createKey(deps, { name, tenant, scopes, expiresAt: null })).text}`;
  const headers = {
    nobody: null,
    'wrong tenant': await keyOf('evil', 'ada', ALL_SCOPES),
    'wrong subject': await keyOf('acme', 'eve', ALL_SCOPES),
    'wrong scope': await keyOf('acme', 'ada', ['openid']),
    right: await keyOf('acme', 'ada', ALL_SCOPES),
  };
  const challenges = createChallenges();
  const identifier = createKeyIdentifier(deps, { environmentKey: null });
  const stage = stageOf({
    audit: UNRECORDED,
    store: inner,
    clock: clock.now,
    challenges,
    authenticate: createAuthenticate([identifier], challenges, { now: Date.now, log: () => {} }),
    pushNeeds: 'either',
    protectedResource: { issuers: ['https://issuer.example'] },
    tenants: () => ['acme', 'evil'],
  });
  const send = (caller: CallerName, sent: Sent) => answerOf(stage.host, modern(sent, headers[caller]));
  return { ...stage, headers, send, seeds: await seed(stage, send, at) };
}

async function seed({ host, app, store, runtime }: Stage, send: MatrixStage['send'], at: number): Promise<Seeds> {
  const begin = async (name: string): Promise<string> => {
    const answer = await send('right', call(name, { text: MARKS.own }));
    return (answer.result as unknown as { taskId: string }).taskId;
  };
  const [book, agree] = [await begin('book'), await begin('agree')];
  await host.scheduled(at + 5_000);
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const streams = createAppStreams({ app, store: store.store, runtime }, principal);
  await streams.append('orders', { sensor: MARKS.key, value: 1, note: MARKS.tenant });
  const large = await send('right', call('large', { text: MARKS.own }));
  const [, handle = ''] = /result:\/\/([^/\s"]+)\/1/.exec(large.text) ?? [];
  return { book, agree, handle };
}

export const call = (name: string, args: object = {}): Sent => ({
  method: 'tools/call',
  params: { name, arguments: args },
});

/** A handle of the same form that nobody has. */
export function otherThan(handle: string): string {
  const at = Math.floor(handle.length / 2);
  return handle.slice(0, at) + (handle[at] === 'a' ? 'b' : 'a') + handle.slice(at + 1);
}
