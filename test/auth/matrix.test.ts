/**
 * Every tool, method, resource and prompt, for nobody, for callers that are wrong in one thing, and for the right one, by
 * header and by cookie. What the registry has, or what is answered to a method, and the table (`rows.ts`) lacks, fails here:
 * whoever adds one says whose its data are. Routes are in `routes.test.ts`.
 */
import { specTypeSchemas } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { METHOD_NOT_FOUND } from '../../src/base/json-rpc.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { composeRegistries } from '../../src/hosts/serving.ts';
import { methodsOf } from '../../src/mcp/serve/dispatch.ts';
import type { StoreCalls } from '../../src/store/counting.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import {
  call,
  CALLERS,
  type CallerName,
  CREDENTIALS,
  type Credential,
  headersOf,
  MARKS,
  type MatrixStage,
  matrixStage,
  otherThan,
  type Seeds,
} from './callers.ts';
import { stageOf } from './host.ts';
import { answerOf, type Answered, legacy, modern, type Sent } from './messages.ts';
import { INITIALIZE, type Revision, type Row, ROWS } from './rows.ts';

const REVISIONS = { modern, legacy } as const;
const EACH = Object.keys(REVISIONS).flatMap((revision) =>
  CREDENTIALS.map((credential) => [revision as Revision, credential] as const),
);
const LISTENS = ['subscriptions/listen', 'events/stream'];

function wholeRegistry() {
  const { app, store, runtime } = stageOf();
  const deps = withTasks({ app, store: store.store, runtime });
  return { app, whole: composeRegistries(deps, { tasks: createTasks(deps, BY_SCHEDULE) }).whole };
}

const rowsOf = (kind: string) => Object.keys(ROWS).filter((name) => name.startsWith(`${kind} `));

test('the table has every tool, resource and prompt, and no more', () => {
  const { app, whole } = wholeRegistry();
  const fixed = [...app.resources.values()].map(({ uri }) => uri).filter((uri) => !uri.includes('{'));
  const served = [
    ...whole.tools.list(undefined).items.map(({ name }) => `tool ${name}`),
    ...[...fixed, ...whole.resources.templates(undefined).items.map(({ uriTemplate }) => uriTemplate)].map(
      (uri) => `resource ${uri}`,
    ),
    ...whole.prompts.list(undefined).items.map(({ name }) => `prompt ${name}`),
  ];
  expect(served.toSorted()).toEqual([...rowsOf('tool'), ...rowsOf('resource'), ...rowsOf('prompt')].toSorted());
});

test.each(Object.entries(REVISIONS))('the table has every method that is answered: %s', async (revision, message) => {
  const { host, headers } = await matrixStage();
  // Those of both revisions that a client or a server may send, and those of this server's own.
  const named = [...specMethods(), ...methodsOf(wholeRegistry().whole), ...rowsOf('method').map(nameOf)];
  const answered: string[] = [];
  for (const method of new Set(named)) {
    const { error } = await answerOf(host, message({ method }, headers.right), LISTENS.includes(method));
    if (error?.code !== METHOD_NOT_FOUND) answered.push(method);
  }
  const expected = rowsOf('method').filter((row) => isServed(ROWS[row], revision));
  expect(answered.toSorted()).toEqual(expected.map(nameOf).toSorted());
});

/** All that the SDK knows a schema of. */
function specMethods(): string[] {
  const schemas = Object.entries(specTypeSchemas as unknown as Record<string, SpecSchema>);
  const requests = schemas.filter(([name]) => name.endsWith('Request'));
  const methods = requests.flatMap(
    ([, schema]) => schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' }).properties?.method?.const ?? [],
  );
  expect(methods).toEqual(expect.arrayContaining(['ping', 'resources/subscribe', 'tasks/list', 'server/discover']));
  return methods;
}

interface SpecSchema {
  '~standard': {
    jsonSchema: { input: (options: { target: string }) => { properties?: { method?: { const?: string } } } };
  };
}

function nameOf(row: string): string {
  return row.slice(row.indexOf(' ') + 1);
}

function isServed(row: Row | undefined, revision: string): boolean {
  return row !== undefined && (row.only ?? revision) === revision;
}

interface Told extends Answered {
  calls: StoreCalls;
}

type Ask = (caller: CallerName, sent: Sent) => Promise<Told>;

/** Asks by one credential, in one revision. Everybody was here before: what is kept of a caller is kept. */
async function asking(
  stage: MatrixStage,
  revision: Revision,
  credential: Credential,
  { inSession = false }: Row,
): Promise<Ask> {
  const held: Record<CallerName, Record<string, string>> = await headersOf(stage, credential);
  const ask: Ask = async (caller, sent) => {
    const request = REVISIONS[revision](sent);
    for (const [name, value] of Object.entries(held[caller])) request.headers.set(name, value);
    stage.store.reset();
    const answer = await answerOf(stage.host, request, LISTENS.includes(sent.method));
    return { ...answer, calls: stage.store.calls() };
  };
  for (const caller of CALLERS) {
    await ask(caller, { method: 'tools/list' });
    const { headers } = await ask(caller, INITIALIZE);
    const session = headers.get('mcp-session-id');
    if (inSession && session !== null) held[caller] = { ...held[caller], 'Mcp-Session-Id': session };
  }
  return ask;
}

describe.each(Object.entries(ROWS))('%s', (_name, row) => {
  test.each(EACH)('%s by %s', async (revision, credential) => {
    const stage = await matrixStage();
    const ask = await asking(stage, revision, credential, row);
    const sent = row.sent(stage.seeds);
    // The right caller comes last: what it does may end what the others ask for.
    for (const caller of CALLERS) {
      const told = await ask(caller, sent);
      if (caller === 'nobody') expect([told.status, told.calls]).toEqual([401, {}]);
      else if (caller === 'wrong scope' && row.scoped) expect([told.status, told.calls]).toEqual([403, {}]);
      else if (isServed(row, revision)) expect([caller, told.status]).toEqual([caller, 200]);
      else expect([told.error?.code, countedApart(told)]).toEqual([METHOD_NOT_FOUND, {}]);
      const shown = shownIn(row, sent, told, await afterwards(stage, ask, caller, row, told));
      const expected = isServed(row, revision) ? shownTo(caller, row) : [];
      expect([caller, shown.toSorted()]).toEqual([caller, expected.toSorted()]);
      if (row.handle && ['wrong tenant', 'wrong subject'].includes(caller)) await expectAsNone(stage, ask, caller, row);
    }
  });
});

async function afterwards(
  { seeds, work }: MatrixStage,
  ask: Ask,
  caller: CallerName,
  { later }: Row,
  { text }: Told,
): Promise<Told | null> {
  if (!later) return null;
  await work();
  const [, task = null] = /"task(?:Id)?":"([^"]+)"/.exec(text) ?? [];
  const sent = later.sent(seeds, task);
  return sent && ask(later.by ?? caller, sent);
}

/** Without what a caller is counted by: an open stream is counted before it is known whether there is such a method. */
function countedApart({ calls: { add: _counted, ...calls } }: Told): object {
  return calls;
}

/** Another's is answered as what does not exist: status, headers, text, and calls to the store by their kind. */
async function expectAsNone(
  { seeds }: MatrixStage,
  ask: Ask,
  caller: CallerName,
  { sent, handle = () => '' }: Row,
): Promise<void> {
  const known = handle(seeds);
  const unknown = otherThan(known);
  const none = Object.fromEntries(Object.entries(seeds).map(([name, each]) => [name, each === known ? unknown : each]));
  const ofNone = await ask(caller, sent(none as unknown as Seeds));
  const ofAnother = await ask(caller, sent(seeds));
  expect(plain(ofAnother, known)).toEqual(plain(ofNone, unknown));
}

function plain({ status, headers, text, calls }: Told, id: string): object {
  // Who listens is told to come back after a time by chance.
  const said = text.replaceAll(id, '<id>').replace(/^retry: \d+$/m, 'retry: <ms>');
  return { status, headers: [...headers].map(String).toSorted(), text: said, calls };
}

/** Marks, and what the row is to show. What a caller names itself tells it nothing, nor what only the right one sees. */
function shownIn({ shows, later }: Row, sent: Sent, told: Told, after: Told | null): string[] {
  const said = JSON.stringify(sent);
  const marks = Object.values(MARKS).filter((mark) => !said.includes(mark));
  const isTold = (each: string) => textOf(told).includes(each);
  const isSeen = (each: string) => textOf(after).includes(each);
  return [
    ...new Set([
      ...[...marks, ...shows].filter(isTold),
      ...(later?.by === 'right' ? shows : [...marks, ...shows]).filter(isSeen),
    ]),
  ];
}

function textOf(told: Told | null): string {
  return told === null ? '' : [told.text, ...told.headers].map(String).join('\n');
}

/** What the caller may be told. */
function shownTo(caller: CallerName, { data, shows, scoped: needs }: Row): readonly string[] {
  if (caller === 'nobody' || (caller === 'wrong scope' && needs)) return [];
  if (data === 'none') return shows;
  if (caller === 'wrong tenant' || (caller === 'wrong scope' && data === 'tenant')) return [];
  // Who has fewer scopes is the same subject still.
  return caller === 'wrong subject' && data === 'handle' ? [] : shows;
}

test('the same tenant’s subject is told nothing of another’s handle that its own would say', async () => {
  const { host, headers, seeds } = await matrixStage();
  for (const handle of [seeds.book, otherThan(seeds.book), seeds.handle]) {
    const { text } = await answerOf(host, modern(call('get_task', { task: handle }), headers['wrong subject']));
    expect(text.replaceAll(handle, '')).not.toMatch(/book|agree|ada|acme/);
  }
});

test.each(Object.entries(REVISIONS))('a notification is answered by nothing: %s', async (_revision, message) => {
  const { host, headers, store } = await matrixStage();
  for (const method of ['notifications/initialized', 'notifications/cancelled', 'notifications/made/up']) {
    for (const caller of CALLERS) {
      const { url, headers: given } = message({ method }, headers[caller]);
      store.reset();
      const body = JSON.stringify({ jsonrpc: '2.0', method, params: { requestId: 7 } });
      const { status, text } = await answerOf(host, new Request(url, { method: 'POST', headers: given, body }));
      if (caller === 'nobody') expect(status).toBe(401);
      else expect([status, text]).toEqual([202, '']);
    }
  }
});
