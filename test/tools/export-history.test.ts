/** `export_history`: every event of the range once, whatever dies in between, in pages that make one file together. */
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { createAppStreams } from '../../src/calls/streams.ts';
import { stream } from '../../src/declare/stream.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { exportHistoryTask } from '../../src/tools/export-history.ts';
import { csvText } from '../../src/streams/export-text.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import type { TaskDeps } from '../../src/tasks/records/find-task.ts';
import { getPage, getTask } from '../../src/tasks/work/requests.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { START, stageOf, type OnCommit } from '../feeds/run/stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const notes = stream({
  description: 'notes',
  schema: z.object({
    at: z.number(),
    author: z.string(),
    text: z.string(),
    more: z.object({ n: z.number() }).optional(),
  }),
  key: 'author',
  time: 'at',
});

type Note = { at: number; author: string; text: string; more?: { n: number } };

async function exported(data: readonly Note[], input: object, onCommit?: OnCommit) {
  const stage = stageOf({ streams: { notes } });
  const app = defineApp({ ...stage.app.options });
  const withCatalog = (deps: TaskDeps | typeof stage.deps): TaskDeps => ({
    ...deps,
    app,
    streamsFor: createAppStreams,
    catalog: new Map([['export_history', exportHistoryTask({ ...deps, app })]]),
  });
  const deps = withCatalog(stage.deps);
  const declared = app.streams.get('notes')!;
  for (const datum of data)
    await publish(scopeOfLogs(deps, PUBLIC), declared, { data: datum }, stage.clock.now + 1_000);
  const asked = { format: 'csv', stream: 'notes', ...input };
  const deadline = stage.clock.now + 60_000;
  const { taskId } = await createTask(deps, {
    principal: PUBLIC,
    task: 'export_history',
    input: asked,
    deadline,
    leaseMs: null,
  });
  if (onCommit) await stage.clock.drive(runTasks(withCatalog(stage.worker(onCommit).deps), deadline));
  for (let rounds = 0; rounds < 5; rounds += 1) {
    await stage.clock.drive(runTasks(deps, stage.clock.now + 60_000));
    stage.clock.now += 60_000;
  }
  const header = await getTask(deps, PUBLIC, taskId);
  const pages: string[] = [];
  for (let number = 1; number <= header.pages; number += 1) {
    pages.push((await getPage(deps, PUBLIC, taskId, number)).text);
  }
  return { header, pages, file: pages.join('') };
}

function read(file: string): { data: Note }[] {
  const lines = file.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as { data: Note });
}

test.each([
  [{ from: '2026-11-20T12:00:00Z' }, 'from 2026-11-20T12:00:00Z to '],
  [{ from: '2026-11-20', to: '2026-11-21T00:00:00+01:00' }, 'from 2026-11-20T00:00:00Z to 2026-11-20T23:00:00Z'],
  [{ to: '2026-11-21' }, 'events of notes to 2026-11-21T00:00:00Z'],
  [{ from: '-1d' }, 'from 2026-11-19T12:00'],
])('a range that is given as texts is told at the end: %j', async (range, told) => {
  const { header } = await exported([{ at: START, author: 'a', text: 'plain' }], range);
  expect(header).toMatchObject({
    status: 'completed',
    result: { content: [{ text: expect.stringContaining(told) as string }] },
  });
});

describe('as CSV', () => {
  test('with a head, quotes where they are needed, and paths as columns', async () => {
    const { file, header } = await exported(
      [
        { at: START, author: 'a', text: 'plain' },
        { at: START + 1_000, author: 'b, c', text: 'he said "no"\nand left', more: { n: 7 } },
      ],
      { from: START, to: START + 5_000 },
    );
    const [first, second] = header.result?.structuredContent === undefined ? [] : file.split('\r\n').slice(1);
    expect(file.split('\r\n')[0]).toBe('time,key,id,at,author,text,more.n');
    expect(first).toMatch(/^2026-11-20T12:00:00Z,a,[^,]+,1\d+,a,plain,$/);
    expect(second).toMatch(/^2026-11-20T12:00:01Z,"b, c",[^,]+,1\d+,"b, c","he said ""no""\nand left",7$/);
    expect(header.result?.structuredContent).toMatchObject({ events: 2, pages: 1, truncated: false });
  });

  test('with its range and its times in a zone', async () => {
    const data = [
      { at: START, author: 'a', text: 'in' },
      { at: START - 3_600_000, author: 'a', text: 'out' },
    ];
    const range = { from: '2026-11-20T17:45', to: '2026-11-20T18:00', zone: 'Asia/Kathmandu' };
    const { file, header } = await exported(data, range);
    expect(file).toMatch(/\r\n2026-11-20T17:45:00\+05:45,a,[^\n]+,in,\r\n$/);
    expect(header.result).toMatchObject({
      content: [{ text: expect.stringContaining('from 2026-11-20T17:45:00+05:45 to 2026-11-20T18:00:00+05:45') }],
      structuredContent: { events: 1 },
    });
    const lines = await exported(data, { ...range, format: 'ndjson' });
    expect(read(lines.file)).toMatchObject([{ time: START }]);
    const { header: refused } = await exported(data, { zone: 'Asia/Nowhere' });
    expect(refused).toMatchObject({ status: 'failed' });
  });

  test('of nothing is its head', async () => {
    const { file, header } = await exported([], { from: START, to: START + 1 });
    expect(file).toBe('time,key,id,at,author,text,more.n\r\n');
    expect(header.result?.structuredContent).toMatchObject({ events: 0, pages: 1 });
  });
});

test('has one column of each name, also where a field is called as a part of each event is', () => {
  const schema = z.object({ id: z.string(), key: z.number(), size: z.number() });
  const [trades] = defineApp({
    name: 'a',
    version: '1',
    description: 'a',
    streams: { trades: stream({ description: 't', schema, key: 'id' }) },
  }).streams.values();
  expect(csvText(trades!).head).toBe('time,key,id,data.id,data.key,size\r\n');
});

test('of those that do not contain a text', async () => {
  const written = ['b', 'a', 'b'].map((author, n) => ({ at: START - (n + 1) * 1_000, author, text: `by ${author}` }));
  const where = { text: { notContains: 'a' } };
  const { file } = await exported(written, { where, format: 'ndjson' });
  expect(read(file).map(({ data }) => data.author)).toEqual(['b', 'b']);
});

test('of those that pass a filter alone', async () => {
  const written = ['b', 'a', 'b'].map((author, n) => ({ at: START - (n + 1) * 1_000, author, text: author }));
  const { file, header } = await exported(written, { format: 'ndjson', where: { text: 'b' } });
  expect(read(file).map(({ data }) => data)).toEqual([written[0], written[2]]);
  expect(JSON.stringify(header.result)).toMatch(/2 events that pass where of notes to .*, in order of arrival: /);
});

test('of a key that no event has says so', async () => {
  const note = 'No event has the key "bb"';
  const { header } = await exported([{ at: START, author: 'b', text: 'plain' }], { keys: ['bb'] });
  expect(header.result).toMatchObject({
    content: [{ text: expect.stringContaining(note) as string }],
    structuredContent: { events: 0, notes: [expect.stringContaining(note) as string] },
  });
});

describe('as NDJSON', () => {
  const many = Array.from({ length: 1_200 }, (_, n) => ({ at: START + n, author: `a${n % 3}`, text: '"'.repeat(200) }));
  test('in several pages, each event once and in order', async () => {
    const { file, pages } = await exported(many, { format: 'ndjson', from: START, to: START + 10_000 });
    expect(pages.length).toBeGreaterThan(2);
    expect(read(file).map(({ data }) => data)).toEqual(many);
  });

  test('of some keys', async () => {
    const { file } = await exported(many.slice(0, 30), { format: 'ndjson', keys: ['a1'], to: START + 10_000 });
    expect(read(file).map(({ data }) => data.author)).toEqual(Array.from({ length: 10 }, () => 'a1'));
  });

  test('an event that fills more than a page is whole in the file', async () => {
    const large = { at: START, author: 'a', text: '\\"'.repeat(60_000) };
    const { file, pages } = await exported([many[0]!, large, many[1]!], { format: 'ndjson', to: START + 10_000 });
    expect(pages.length).toBeGreaterThan(2);
    expect(read(file).map(({ data }) => data)).toEqual([many[0], large, many[1]]);
  });

  test('the file is the same at whichever commit the process dies', { timeout: 60_000 }, async () => {
    for (let fatal = 1; fatal <= 7; fatal += 1) {
      const { file } = await exported(many, { format: 'ndjson', from: START, to: START + 10_000 }, (_, number, next) =>
        number === fatal ? next().then(() => Promise.reject(new Error('killed'))) : next(),
      );
      expect(
        read(file).map(({ data }) => data.at),
        `killed at commit ${fatal}`,
      ).toEqual(many.map(({ at }) => at));
    }
  });
});
