/** Five callers of the rich app, known by real keys: nobody, and those who are right or wrong in one thing. */
import { createKeyIdentifier } from '../../src/auth/keys/identifier.ts';
import { createKey } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { deadLetter, deadLetterLog, toDeadLetter } from '../../src/feeds/records/dead-letters.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createChallenges } from '../../src/http/challenge.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { politeBroker } from '../feeds/mqtt/script.ts';
import { type Stage, stageOf } from './host.ts';
import { answerOf, type Answered, modern, type Sent } from './messages.ts';

export const CALLERS = ['nobody', 'wrong tenant', 'wrong subject', 'wrong scope', 'right'] as const;
export type CallerName = (typeof CALLERS)[number];

export const ALL_SCOPES =
  'streams:read streams:publish tasks events admin crm weather reports ledger audit plans'.split(' ');

/** What only `right` may be told, and what it may share with the subjects of its tenant. */
export const MARKS = {
  own: 'mark-of-ada-alone',
  tenant: 'mark-of-acme',
  key: 'key-of-acme',
  letter: 'letter-of-acme',
} as const;

/** Calls to the store are counted, so nothing is put on record. */
export const UNRECORDED = { note: async () => {}, refused: async () => {} };

export interface Seeds {
  /** Tasks of the right caller: one that has ended with a page, and one that asks. */
  book: string;
  agree: string;
  /** Of a large answer. */
  handle: string;
  /** Of its tenant's stream `orders`, from before its one event. */
  tail: string;
  /** Of its tenant's dead letters of the feed `readings`: the older of two. */
  before: string;
}

export interface MatrixStage extends Stage {
  /** The header `Authorization` of each. */
  headers: Readonly<Record<CallerName, string | null>>;
  seeds: Seeds;
  send: (caller: CallerName, sent: Sent) => Promise<Answered>;
  /** Works on the tasks that have begun. */
  work: () => Promise<unknown>;
}

/** Where the requests of a test go, and what is reached outside: a broker that takes all, and an API of one answer. */
const OUTSIDE = {
  fetch: () => Promise.resolve(Response.json({ weather: 'fine' })),
  connect: politeBroker({
    otherwise(packet, connection) {
      if (packet.cmd === 'publish') connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0 });
    },
  }).connect,
};

export async function matrixStage(inner: Store = createMemoryStore()): Promise<MatrixStage> {
  let at = Date.UTC(2026, 10, 20);
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
    outside: OUTSIDE,
    challenges,
    authenticate: createAuthenticate([identifier], challenges, { now: Date.now, log: () => {} }),
    pushNeeds: 'either',
    protectedResource: { issuers: ['https://issuer.example'] },
    tenants: () => ['acme', 'evil'],
  });
  const send = (caller: CallerName, sent: Sent) => answerOf(stage.host, modern(sent, headers[caller]));
  const work = () => stage.host.scheduled(at + 5_000);
  const seeds = await seed(stage, send, work);
  // What happened before.
  at += 60_000;
  return { ...stage, headers, send, work, seeds };
}

async function seed(
  { app, store, runtime }: Stage,
  send: MatrixStage['send'],
  work: MatrixStage['work'],
): Promise<Seeds> {
  const begin = async (name: string): Promise<string> => {
    const answer = await send('right', call(name, { text: MARKS.own }));
    return (answer.result as unknown as { taskId: string }).taskId;
  };
  const [book, agree] = [await begin('book'), await begin('agree')];
  await work();
  const tail = textAt(await send('right', call('tail_stream', { stream: 'orders', seconds: 0 })), /"cursor":"([^"]+)"/);
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const streams = createAppStreams({ app, store: store.store, runtime }, principal);
  await streams.append('orders', { sensor: MARKS.key, value: 1, note: MARKS.tenant });
  const handle = textAt(await send('right', call('large', { text: MARKS.own })), /result:\/\/([^/\s"]+)\/1/);
  // Two that do not fit one page together, so that the older of them stands on one of its own.
  const note = `${MARKS.letter} ${'.'.repeat(12_000)}`;
  const letters = ['older', 'newer'].map((sensor) =>
    toDeadLetter(
      { stream: 'readings', data: { sensor, value: 1, note }, bytes: 1 },
      { reason: 'schema' },
      runtime.now(),
    ),
  );
  const put = deadLetter.append(deadLetterLog('acme', 'readings'), letters);
  await commitSurely(runtime, store.store, [put], runtime.now() + 5_000);
  const feed = await send('right', { method: 'resources/read', params: { uri: 'feed://readings' } });
  const before = textAt(feed, /feed:\/\/readings\/([^"\\]+)/);
  return { book, agree, handle, tail, before };
}

function textAt({ text }: Answered, place: RegExp): string {
  const [, found] = place.exec(text) ?? [];
  if (found === undefined) throw new Error(`${place} is not in ${text}`);
  return found;
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

/** How a caller says who it is: by the header, or by the cookie of a login with the token that a write needs. */
export const CREDENTIALS = ['Authorization', 'Cookie'] as const;
export type Credential = (typeof CREDENTIALS)[number];

/** The headers of each caller. Nobody's cookie is one that was never made. */
export async function headersOf(
  { host, headers }: MatrixStage,
  credential: Credential,
): Promise<Readonly<Record<CallerName, Readonly<Record<string, string>>>>> {
  const made = CALLERS.map(async (caller) => {
    const authorization = headers[caller];
    if (authorization === null) return [caller, credential === 'Cookie' ? forged() : {}] as const;
    const own = { Authorization: authorization };
    if (credential === 'Authorization') return [caller, own] as const;
    const answer = await host.fetch(new Request('http://127.0.0.1/login', { method: 'POST', headers: own }));
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const { csrf } = (await answer.json()) as { csrf: string };
    return [caller, { Cookie: cookie, 'X-CSRF-Token': csrf }] as const;
  });
  return Object.fromEntries(await Promise.all(made)) as Awaited<ReturnType<typeof headersOf>>;
}

function forged(): Record<string, string> {
  return { Cookie: `tidegate-login=1.AAAAAAAA.${'A'.repeat(80)}`, 'X-CSRF-Token': 'A'.repeat(43) };
}
