/**
 * Every tool that comes with the package, called as a model calls it that is given one half of each answer: from a first
 * call by the calls that the half prints, whole, and by nothing else. Whatever there is stands in what it heard, once. Tools
 * that only act (`publish`, `request`) print no calls; questions of tasks are walked in `test/mcp/tasks/halves.test.ts`.
 */
import * as z from 'zod';
import { beforeEach, describe, expect, test } from 'vitest';
import { utf8Bytes } from '../../src/base/json.ts';
import { defineApp, from, pull, stream, tool } from '../../src/index.ts';
import type { App } from '../../src/declare/app.ts';
import { BUILT_INS, type BuiltInName, type BuiltIns } from '../../src/declare/built-ins.ts';
import { createTestApp, fakeFeed, type FakeFeed, type TestApp } from '../../src/testing.ts';
import { listedTools } from './listed.ts';
import { OWN_NAMES } from './own-names.ts';
import { byStructure, byText, type Call } from './walk.ts';

/** Most bytes of each half of an answer that nobody asked to be larger. */
const PAGE = 25_000;
const EVENTS = 3_000;
/** That come later. */
const MORE = 400;
const KEYS = 120;
const SMALL = 45;
const STREAM = 'readings';
const LONG = Array.from({ length: 20_000 }, (_, index) => `line ${index} of a "report"`).join('\n');

const readings = stream({
  description: 'Readings of all devices.',
  schema: z.object({ id: z.string(), device: z.string(), value: z.number(), note: z.string() }),
  key: 'device',
  id: 'id',
  feed: from('devices'),
});
const small = (index: number) => stream({ description: `Small one ${index}.`, schema: z.object({ a: z.number() }) });
const appWith = (builtIns: BuiltIns) =>
  defineApp({
    builtIns,
    name: 'every',
    version: '1',
    description: 'Much of everything',
    feeds: { devices: pull({ source: 'devices', everyMs: 1_000, pull: async () => ({ items: [] }) }) },
    streams: {
      [STREAM]: readings,
      ...Object.fromEntries(Array.from({ length: SMALL }, (_, index) => [`small-${index}`, small(index)])),
    },
    tools: { report: tool({ description: 'Long.', run: () => Promise.resolve(LONG) }) },
  });
const app = appWith({});
/** Each under another name, which has nothing of its own name in it. */
const renamed = Object.fromEntries(BUILT_INS.map((name, index) => [name, { name: `other-${index}` }]));

interface Block {
  type: string;
  text?: string;
}

/** What a client gives its model of an answer. Where there is no structured content, every client gives the text. */
interface Half {
  app: App;
  read: (answer: { text: string; structured: Record<string, unknown> }) => Map<string, Call>;
  of: (answer: { text: string; structured: Record<string, unknown> | null }) => string;
}

const HALVES: [string, Half][] = [
  ['text', { app, read: (answer) => byText(() => false)(answer).calls, of: ({ text }) => text }],
  [
    'structured content',
    {
      app,
      read: (answer) => byStructure('none')(answer).calls,
      of: ({ text, structured }) => (structured === null ? text : JSON.stringify(structured)),
    },
  ],
];
/** Of each of its answers both halves are searched for names that the tools have no longer. */
HALVES.push(
  ...HALVES.slice(1).map(([name, half]): [string, Half] => [
    `${name}, all tools renamed,`,
    { ...half, app: appWith(renamed) },
  ]),
);

/** The last block of each answer of a walk, where a page stands. */
const last: string[] = [];
let feed: FakeFeed;
let at: TestApp;

const reading = (index: number) => ({
  stream: STREAM,
  time: Date.UTC(2026, 0, 1) - (EVENTS + MORE - index) * 1_000,
  data: { id: `r${index}.`, device: `device ${index % KEYS}.`, value: index, note: 'n'.repeat(index % 90) },
});

async function begin(half: Half) {
  feed = fakeFeed();
  at = createTestApp(half.app, { feeds: { devices: feed } });
  feed.bring(...Array.from({ length: EVENTS }, (_, index) => reading(index)));
  for (let times = 0; feed.waiting() > 0; times += 1) {
    if (times > 60) throw new Error('the feed is not taken in');
    await at.ingest();
    await at.advance(1_000);
  }
  await at.sweep();
}

/** What is said of each answer. `wanted` chooses among the calls that are printed. */
async function walk(half: Half, first: Call, wanted: readonly string[]): Promise<string[]> {
  const { read, of } = half;
  const said: string[] = [];
  last.length = 0;
  for (let call: Call | undefined = first; call !== undefined;) {
    if (said.length === 400) throw new Error(`${first.tool} does not end`);
    // A task goes on when a schedule works on it.
    if (call.afterMs !== undefined) await at.advance(call.afterMs).then(() => at.scheduled());
    const params = { name: call.tool, arguments: call.arguments };
    const { content, structuredContent, isError } = await at.request('tools/call', params);
    if (isError) throw new Error(JSON.stringify(content));
    const blocks = content as unknown as Block[];
    const text = blocks.map((block) => block.text ?? '').join('\n');
    const answer = { text, structured: (structuredContent ?? null) as Record<string, unknown> | null };
    if (half.app !== app) expect(`${text} ${JSON.stringify(structuredContent)}`).not.toMatch(OWN_NAMES);
    for (const each of [text, JSON.stringify(structuredContent ?? null)]) expect(utf8Bytes(each)).toBeLessThan(PAGE);
    said.push(of(answer));
    last.push(blocks.at(-1)?.text ?? '');
    const calls =
      answer.structured === null
        ? byText(() => false)({ text, structured: {} }).calls
        : read({ text, structured: answer.structured });
    call = wanted.flatMap((what) => calls.get(what) ?? [])[0];
  }
  return said;
}

/** How often each of the names is said, in all answers together. */
const counted = (said: readonly string[], pattern: RegExp) => {
  const counts = new Map<string, number>();
  for (const text of said)
    for (const [, name = ''] of text.matchAll(pattern)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};
const once = (names: Iterable<string>) => new Map([...names].map((name) => [name, 1] as const));
const ids = (count = EVENTS, begin = 0) => Array.from({ length: count }, (_, index) => `r${begin + index}.`);

const asking = (name: string, given: object): Call => ({ tool: name, arguments: given });

describe.each(HALVES)('by the %s alone', (name, half) => {
  beforeEach(() => begin(half));
  const isText = name.startsWith('text');
  const shown = (tool: BuiltInName) => half.app.toolNames[tool] ?? tool;
  const ID = isText ? /(?: id=| id:)"(r\d+\.)"/g : /"data":\{"id":"(r\d+\.)"/g;

  test('all streams are listed', async () => {
    const said = await walk(half, asking(shown('list_streams'), {}), ['More streams']);
    const pattern = isText ? /^((?:small-\d+|readings)): /gm : /"name":"(small-\d+|readings)","title"/g;
    expect(counted(said, pattern)).toEqual(
      once([STREAM, ...Array.from({ length: SMALL }, (_, index) => `small-${index}`)]),
    );
  });

  test('the latest of all keys is read', async () => {
    const said = await walk(half, asking(shown('read_latest'), { stream: STREAM }), ['More keys']);
    expect(counted(said, ID)).toEqual(once(ids(KEYS, EVENTS - KEYS)));
  });

  test('all events are read, and those that come after', async () => {
    const said = await walk(half, asking(shown('read_history'), { stream: STREAM }), ['Next page']);
    expect(counted(said, ID)).toEqual(once(ids()));
  });

  test('a tail goes on from the newest page', async () => {
    const page = await at.call(shown('read_history'), { stream: STREAM });
    const calls = half.read({ text: page.text, structured: page.structured as Record<string, unknown> });
    const next = calls.get('What comes after') ?? asking('', {});
    feed.bring(...Array.from({ length: MORE }, (_, index) => reading(EVENTS + index)));
    for (let times = 0; feed.waiting() > 0 && times < 20; times += 1) {
      await at.advance(1_000);
      await at.ingest();
    }
    expect(feed.waiting()).toBe(0);
    const said: string[] = [];
    for (let tail = next; ;) {
      const { text, structured } = await at.call(tail.tool, { ...tail.arguments, seconds: 0 });
      const answer = { text, structured: structured as Record<string, unknown> };
      said.push(half.of(answer));
      const goesOn = half.read(answer).get('What comes after');
      if (counted(said.slice(-1), ID).size === 0 || goesOn === undefined) break;
      tail = goesOn;
    }
    expect(counted(said, ID)).toEqual(once(ids(MORE, EVENTS)));
  });

  test('all windows are read, and count every event', async () => {
    const asked = { stream: STREAM, window: '10m', field: 'value', from: '-2h' };
    const said = await walk(half, asking(shown('read_history'), asked), ['Next page']);
    const counts = said.flatMap((text) => [...text.matchAll(isText ? / count=(\d+)/g : /"count":(\d+)/g)]);
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(EVENTS);
    expect(said.length).toBeGreaterThan(2);
  });

  test('a task is begun, ends, and says what it waited for', async () => {
    const condition = { kind: 'threshold', field: 'value', above: EVENTS - 2 };
    const said = await walk(half, asking(shown('wait_for'), { stream: STREAM, condition }), [
      'Ask again',
      'How it ended',
    ]);
    const end = said.at(-1) ?? '';
    for (const word of [`r${EVENTS - 1}.`, `device ${(EVENTS - 1) % KEYS}.`, '2025-12-31T23:53:19'])
      expect(end).toContain(word);
  });

  test('an export is read whole', async () => {
    const said = await walk(half, asking(shown('export_history'), { stream: STREAM, format: 'csv' }), [
      'Next page',
      'First page',
      'How it ended',
      'Ask again',
    ]);
    const pages = said.flatMap((text, index) => {
      if (isText) return /^Page \d+ of/m.test(text) ? [last[index] ?? ''] : [];
      const { page } = JSON.parse(text) as { page?: { text: string } };
      return page ? [page.text] : [];
    });
    const rows = pages
      .join('')
      .split('\r\n')
      .filter((row) => row !== '');
    expect(rows[0]).toBe('time,key,id,data.id,device,value,note');
    expect(counted(rows.slice(1), /^[^,]*,[^,]*,(r\d+\.),/g)).toEqual(once(ids()));
  });

  test('a large answer is read whole', async () => {
    const said = await walk(half, asking('report', {}), ['First page', 'Next page']);
    const parts = said.slice(1).map((text) => text.slice(text.indexOf('\n') + 1).replace(/\nNext page: .*$/, ''));
    expect(parts.join('')).toBe(LONG);
  });

  test('dead letters are tried again, and a task can be cancelled', async () => {
    feed.bring(...Array.from({ length: 7 }, (_, id) => ({ stream: STREAM, data: { id } })));
    await at.advance(2_000);
    await at.ingest();
    const said = await walk(half, asking(shown('replay_dead_letters'), { feed: 'devices' }), [
      'Ask again',
      'How it ended',
    ]);
    expect(said.at(-1)).toMatch(isText ? /0 replayed, 0 known already, 7 refused again/ : /"refused":7/);

    // Its answers always print the next call, so the walk is one call and its follower.
    const uris = [`stream://${STREAM}`];
    const [asked = ''] = await walk(half, asking(shown('poll_changes'), { uris }), []);
    const cursor = /"cursor":"([^"]+)"/.exec(asked)?.[1];
    const [polled] = await walk(half, asking(shown('poll_changes'), { uris, cursor }), []);
    expect(polled).toContain(isText ? 'Nothing changed.' : '"changes":[]');

    const condition = { kind: 'threshold', field: 'value', above: 1e9 };
    const [begun = ''] = await walk(half, asking(shown('wait_for'), { stream: STREAM, condition }), []);
    const task = /"task":"([^"]+)"/.exec(begun)?.[1];
    const [cancelled] = await walk(half, asking(shown('cancel_task'), { task }), []);
    expect(cancelled).toContain('cancelled');
  });
});

test('there are no others', () => {
  const WALKED = [
    'list_streams',
    'read_latest',
    'read_history',
    'tail_stream',
    'poll_changes',
    'wait_for',
    'export_history',
    'get_task',
    'read_result',
    'replay_dead_letters',
    'cancel_task',
    'report',
  ];
  expect(
    listedTools(app)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(WALKED.toSorted());
});
