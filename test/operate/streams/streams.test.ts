/** What operators do to streams: nothing of a key is left that can be reached, exports come back as they were, and nothing is half done. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type DeadLetter, deadLetter, deadLetterLog } from '../../../src/feeds/records/dead-letters.ts';
import { createEventWorkers } from '../../../src/hosts/event-work.ts';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { scopeOf } from '../../../src/streams/scope.ts';
import { tailStream } from '../../../src/streams/history/tail.ts';
import { feedOf } from '../../feeds/run/stage.ts';
import { streamsForget } from '../../../src/operate/streams/forget.ts';
import { streamsImport } from '../../../src/operate/streams/import.ts';
import { acting, type Acting } from '../act.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { PUBLIC } from '../../../src/base/principal.ts';

const Reading = z.object({ device: z.string(), n: z.number(), id: z.string().optional() });
const nothing = feedOf(async function* () {});

const app = defineApp({
  name: 'stores',
  version: '1',
  description: 'Readings',
  streams: {
    readings: stream({
      description: 'Readings',
      schema: Reading,
      key: 'device',
      id: (one) => one.id ?? '',
      feed: nothing,
    }),
    notes: stream({ description: 'Notes', schema: z.object({ text: z.string() }) }),
  },
  triggers: {
    high: trigger({ description: 'High', on: 'readings', when: { kind: 'threshold', field: 'n', above: 90 } }),
  },
});

const NAMES = ['ada', 'bob', '東京'];

async function filled(count = 30): Promise<
  Acting & {
    append: (data: object, to?: string) => Promise<unknown>;
    tail: (cursor: string | null) => ReturnType<typeof tailStream>;
  }
> {
  const made = acting(app, createMemoryStore());
  const streams = createAppStreams(made.deps, PUBLIC);
  const append = (data: object, to = 'readings') => streams.append(to, data);
  for (let n = 0; n < count; n += 1) await append({ device: NAMES[n % 3], n, id: `r${n}` });
  const signal = new AbortController().signal;
  const tail = (cursor: string | null) =>
    tailStream(scopeOf(made.deps, PUBLIC), app.streams.get('readings')!, {
      cursor,
      maxEvents: 100,
      timeoutMs: 0,
      settleMs: 0,
      signal,
      deadline: Date.now() + 5_000,
    });
  return { ...made, append, tail };
}

const eventsOf = (text = '') =>
  text
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { key: string; id: string; time: number; data: object });

const bare = (text?: string) => eventsOf(text).map(({ key, id, data }) => ({ key, id, data }));
const good = (n: number) => JSON.stringify({ data: { device: 'a', n, id: `x${n}` } });
const letter = (item: object | string, cut = false) =>
  deadLetter.encode({
    stream: 'readings',
    reason: 'schema',
    field: 'n',
    expected: 'a number',
    item: item as never,
    cut,
    at: 1,
  });

describe('export and import', () => {
  test('what was exported is imported as it was, once, however often', async () => {
    const from = await filled();
    expect(await from.act('streams export', { stream: 'readings', file: 'a.ndjson' })).toMatchObject({
      events: 30,
      text: null,
    });
    const to = acting(app, createMemoryStore());
    to.files.set('a.ndjson', from.files.get('a.ndjson') ?? '');
    const imported = await to.act('streams import', { stream: 'readings', file: 'a.ndjson' });
    expect(imported).toMatchObject({ lines: 30, appended: 30, repeats: 0, invalid: 0, stored: true });
    expect(await to.act('streams import', { stream: 'readings', file: 'a.ndjson' })).toMatchObject({
      appended: 0,
      repeats: 30,
    });
    await to.act('streams export', { stream: 'readings', file: 'b.ndjson' });
    expect(bare(to.files.get('b.ndjson'))).toEqual(bare(from.files.get('a.ndjson')));
  });

  test('events without ids are known by what was imported of the same file', async () => {
    const { act, files, append } = await filled(0);
    for (let n = 0; n < 200; n += 1) await append({ text: `note ${n}` }, 'notes');
    await act('streams export', { stream: 'notes', file: 'n' });
    const lines = (files.get('n') ?? '').split('\n');
    files.set('half', `${lines.slice(0, 100).join('\n')}\n`);
    const to = acting(app, createMemoryStore());
    to.files.set('n', files.get('n') ?? '');
    // Stopped after its first piece, it goes on behind it.
    const stopping = new AbortController();
    let pieces = 0;
    const signal = stopping.signal;
    const stopped = to.act(
      'streams import',
      { stream: 'notes', file: 'n', skipInvalid: true },
      { signal, progress: () => (pieces += 1) > 8 && stopping.abort() },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    await to.act('streams import', { stream: 'notes', file: 'n' });
    expect(await to.act('streams list')).toMatchObject({ streams: [{ events: 0 }, { events: 200 }] });
  });

  test.each([1, 79, 80, 81, 100, 160, 200])(
    'a file of %i events that has grown adds what is new, in each of its forms',
    async (first) => {
      const to = acting(app, createMemoryStore());
      const grows = (count: number) => {
        const lines = Array.from({ length: count }, (_, n) => JSON.stringify({ data: { text: `note ${n % 7}` } }));
        to.files.set('n', lines.join('\n'));
        return to.act('streams import', { stream: 'notes', file: 'n' });
      };
      expect(await grows(first)).toMatchObject({ appended: first, repeats: 0 });
      expect(await grows(first + 10)).toMatchObject({ appended: 10, repeats: first });
      expect(await grows(first + 10)).toMatchObject({ appended: 0, repeats: first + 10 });
      expect(await grows(first + 100)).toMatchObject({ appended: 90, repeats: first + 10 });
      expect(await to.act('streams list')).toMatchObject({ streams: [{}, { events: first + 100 }] });
      // Another file, whose first events are others.
      to.files.set('n', [0, 1].map((n) => JSON.stringify({ data: { text: `other ${n}` } })).join('\n'));
      expect(await to.act('streams import', { stream: 'notes', file: 'n' })).toMatchObject({ appended: 2, repeats: 0 });
    },
  );

  test('a wrong line is told by its number, and nothing of the file is stored; or it is left out where asked', async () => {
    const { act, files, lines } = await filled(0);
    files.set(
      'f',
      [...Array.from({ length: 200 }, (_, n) => good(n)), '{"data":{"device":"a"}}', '', '{broken', good(201)].join(
        '\r\n',
      ),
    );
    const refused = await act('streams import', { stream: 'readings', file: 'f' });
    expect(refused).toMatchObject({
      appended: 0,
      stored: false,
      invalid: 2,
      wrong: [{ line: 201, field: 'data.n' }, { line: 203 }],
    });
    expect(lines()[0]).toMatch(/^line 201: data.n: expected /);
    expect(await act('streams list')).toMatchObject({ streams: [{ events: 0 }, {}] });
    expect(await act('streams import', { stream: 'readings', file: 'f', dryRun: true })).toMatchObject({
      stored: false,
    });
    expect(await act('streams import', { stream: 'readings', file: 'f', skipInvalid: true })).toMatchObject({
      appended: 201,
      invalid: 2,
      stored: true,
    });
  });

  test('standard input is stored up to its first wrong line, and that is no success', async () => {
    const { act, files, lines } = await filled(0);
    const given = Array.from({ length: 500 }, (_, n) => (n === 200 ? '{"data":{"device":"a"}}' : good(n)));
    files.set('-', given.join('\n'));
    const imported = await act('streams import', { stream: 'readings', file: '-' });
    expect(imported).toMatchObject({ appended: 200, invalid: 1, stored: true, complete: false });
    expect(streamsImport.failed?.(imported)).toBe('invalid_input');
    expect(lines().at(-1)).toContain('is not stored');
    files.set('-', given.slice(200).join('\n'));
    expect(await act('streams import', { stream: 'readings', file: '-' })).toMatchObject({
      appended: 0,
      stored: false,
    });
    const left = await act('streams import', { stream: 'readings', file: '-', skipInvalid: true });
    expect(left).toMatchObject({ appended: 299, invalid: 1, complete: true });
  });

  test('a tool gets pages, which end where the next begins', async () => {
    const { act } = await filled(250);
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { text: string; cursor: string | null } = await act(
        'streams export',
        { stream: 'readings', ...(cursor === null ? {} : { cursor }) },
        { files: null, deadline: 0 },
      );
      ids.push(...eventsOf(page.text).map(({ id }) => id));
      ({ cursor } = page);
    } while (cursor !== null);
    expect(ids).toEqual(Array.from({ length: 250 }, (_, n) => `r${n}`));
  });
});

test('a stream that is deleted has nothing left: no event, no latest event, and cursors of before are told so', async () => {
  const { act, append, tail } = await filled();
  const read = await tail(null);
  await append({ device: 'ada', n: 30, id: 'r30' });
  const middle = await act<{ cursor: string | null }>('streams export', { stream: 'readings' }, { files: null });
  expect(middle.cursor).toBeNull();
  const end = await tail(read.cursor);
  expect(await act('streams delete', { stream: 'readings' })).toEqual({
    stream: 'readings',
    events: 31,
    complete: true,
  });
  expect(await act('streams tail', { stream: 'readings' })).toMatchObject({ events: [] });
  expect(await act('streams show', { stream: 'readings' })).toMatchObject({ keys: [], moreKeys: false, removals: 0 });
  expect(await act('streams list')).toMatchObject({ streams: [{ events: 0 }, { events: 0 }] });
  expect(await act('streams delete', { stream: 'readings' })).toMatchObject({ events: 0, complete: true });
  for (const { cursor } of [read, end]) expect(await tail(cursor)).toMatchObject({ truncated: true, anew: false });
  // What comes later is of the stream again, also with an id that was there.
  await append({ device: 'ada', n: 5, id: 'r5' });
  expect(await act('streams tail', { stream: 'readings' })).toMatchObject({ events: [{ id: 'r5' }] });
  expect(await act('streams delete', { stream: 'readings' })).toMatchObject({ complete: true });
  expect(await act('streams delete', { stream: 'notes' })).toEqual({ stream: 'notes', events: 0, complete: true });
});

test('nothing of a key is left: events, latest event, dead letters, occurrences; others stay', async () => {
  const made = await filled();
  const { act, append, deps, lines } = made;
  await append({ device: 'ada', n: 99, id: 'high' });
  await append({ device: 'bob', n: 98, id: 'high too' });
  for (const { work } of createEventWorkers(deps).map((worker) => ({ work: worker })))
    await work.run(Date.now() + 5_000, null);
  const log = deadLetterLog('public', 'readings');
  const entries = [
    letter({ device: 'ada' }),
    letter({ device: 'bob' }),
    letter('{"device":"ada","n":', true),
    letter({ device: 'adam' }),
  ];
  await deps.store.commit([{ kind: 'append', log, entries }], {
    id: 'letters',
    now: Date.now(),
    deadline: Date.now() + 5_000,
  });

  const forgotten = await act('streams forget', { key: 'ada' });
  expect(forgotten).toMatchObject({
    streams: [{ stream: 'readings', removed: 11, complete: true }],
    deadLetters: 2,
    triggers: ['high'],
    complete: true,
  });
  expect(lines().at(-1)).toContain('Not reached: backups');
  await act('streams export', { stream: 'readings', file: 'left' });
  expect(new Set(eventsOf(made.files.get('left')).map(({ key }) => key))).toEqual(new Set(['bob', '東京']));
  const everything = JSON.stringify(
    await Promise.all([
      deps.store.read(log, null, 100),
      deps.store.read('public/stream/trigger.high', null, 100),
      deps.store.read('public/stream/readings', null, 100),
    ]),
  );
  expect(everything).not.toContain('"ada"');
  expect(everything).not.toContain('\\"ada\\"');
  expect(everything).toContain('"adam"');
  expect(everything).toContain('"bob"');
  const left = eventsOf(made.files.get('left')).length;
  expect(await act('streams show', { stream: 'readings' })).toMatchObject({ keys: ['bob', '東京'], events: left });
  // One event is shown, and where all of them are in either order.
  expect(lines().at(-2)).toMatch(/^ {2}newest +\{/);
  expect(lines().at(-1)).toContain(
    'streams tail readings has the newest, streams export readings all from the oldest on',
  );
  for (const told of ['streams list', 'stats']) {
    expect(await act(told)).toMatchObject({ streams: [{ stream: 'readings', events: left }, { stream: 'notes' }] });
  }
  expect(await act('streams forget', { key: 'ada' })).toMatchObject({
    streams: [{ removed: 0, complete: true }],
    deadLetters: 0,
  });
  expect(lines().join()).toContain('is it written exactly as events have it?');
  expect(streamsForget.failed?.({ streams: [{ removed: 0 }], deadLetters: 0 })).toBe('not_found');
  expect(streamsForget.failed?.({ streams: [{ removed: 0 }, { removed: 1 }], deadLetters: 0 })).toBe(null);
  await expect(act('streams forget', { key: 'x', stream: ['notes'] })).rejects.toMatchObject({ field: 'stream' });
});

test('a tail tells what is there and what comes, none twice and none left out', async () => {
  const { act, append } = await filled(5);
  const told: number[] = [];
  const stopping = new AbortController();
  const followed = act(
    'streams tail',
    { stream: 'readings', limit: 2, follow: true },
    {
      signal: stopping.signal,
      async tell(item) {
        told.push((item as { data: { n: number } }).data.n);
        if (told.length === 2) for (let n = 100; n < 120; n += 1) await append({ device: 'ada', n, id: `r${n}` });
        if (told.length === 22) stopping.abort();
      },
    },
  );
  expect(await followed).toMatchObject({ followed: 20, events: [] });
  expect(told).toEqual([3, 4, ...Array.from({ length: 20 }, (_, n) => n + 100)]);
});

test('nobody changes the audit log, and no operator of a tenant what all share', async () => {
  const { act } = await filled(1);
  const acme = { tenant: 'acme', ofApp: false };
  for (const [name, more] of [
    ['streams delete', {}],
    ['streams import', { file: 'f' }],
  ] as const) {
    await expect(act(name, { stream: 'readings', ...more }, acme)).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'stream',
    });
  }
  await expect(act('streams forget', { key: 'ada' }, acme)).rejects.toMatchObject({ code: 'invalid_input' });
  expect(await act('streams show', { stream: 'readings' })).toMatchObject({ events: 1 });
});

test('a key that is a number, or a word of a text, is found in dead letters, and what only looks like it is not', async () => {
  const seen = defineApp({
    name: 'numbered',
    version: '1',
    description: 'Numbered',
    streams: {
      readings: stream({
        description: 'R',
        schema: z.object({ id: z.number(), n: z.number() }),
        key: 'id',
        feed: nothing,
      }),
      own: stream({ description: 'O', schema: z.object({ id: z.string() }), key: 'id', tenants: 'each' }),
    },
  });
  const { act, deps } = acting(seen, createMemoryStore());
  const log = deadLetterLog('public', 'readings');
  const letters = [{ id: 42, n: 'x' }, { id: 7, n: 42 }, '42,x', '142,x', { n: 42 }].map((item) =>
    letter(item as never),
  );
  const commit = { id: 'letters', now: deps.runtime.now(), deadline: deps.runtime.now() + 5_000 };
  await deps.store.commit([{ kind: 'append', log, entries: letters }], commit);
  const forgotten = await act<{ notReached: string[] }>('streams forget', { key: '42' });
  // The last one may be of the key or not: it has no id.
  expect(forgotten).toMatchObject({ deadLetters: 3 });
  expect(forgotten.notReached.at(-1)).toMatch(/^what other tenants than public have in own/);
  // An operator of a tenant is told which streams were left out.
  const ofTenant = await act<{ notReached: string[] }>(
    'streams forget',
    { key: '42' },
    { tenant: 'acme', ofApp: false },
  );
  expect(ofTenant).toMatchObject({ streams: [{ stream: 'own', removed: 0 }] });
  expect(ofTenant.notReached.at(-1)).toMatch(/^streams that all tenants share: readings /);
  expect(await act('dead list')).toMatchObject({ letters: [{ number: 1 }, { number: 3 }] });
});

test('a key that stands only in what came with an item, such as its topic, is found where no other key is known', async () => {
  const wards = defineApp({
    name: 'wards',
    version: '1',
    description: 'Wards',
    streams: {
      readings: stream({ description: 'R', schema: z.object({ id: z.string() }), key: 'id', feed: nothing }),
    },
  });
  const { act, deps } = acting(wards, createMemoryStore());
  const base = { stream: 'readings', reason: 'schema', field: 'data', expected: 'x', cut: false, at: 1 };
  const came = { meta: { source: 'ward/ada/pulse' } };
  const found: DeadLetter[] = [
    { ...base, item: { n: 1 }, ...came },
    { ...base, item: 'not JSON', ...came },
    { ...base, item: { n: 2 }, meta: { source: 'ward/adam/pulse' } },
    { ...base, item: { id: 'bob' }, ...came },
    { ...base, item: { n: 3 }, key: 'bob', ...came },
  ];
  const letters = found.map((one) => deadLetter.encode(one));
  const commit = { id: 'letters', now: deps.runtime.now(), deadline: deps.runtime.now() + 5_000 };
  await deps.store.commit([{ kind: 'append', log: deadLetterLog('public', 'readings'), entries: letters }], commit);
  expect(await act('streams forget', { key: 'ada' })).toMatchObject({ deadLetters: 2 });
  expect(await act('dead list')).toMatchObject({ letters: [{ number: 2 }, { number: 3 }, { number: 4 }] });
  expect(await act('dead show', { feed: 'readings', number: 2 })).toMatchObject({ source: 'ward/adam/pulse' });
});
