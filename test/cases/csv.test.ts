/** CSV as the world sends it: its line ends, an error in its place, a replacement character, an empty cell. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csv } from '../../src/index.ts';
import { text } from '../services/http-feed.ts';
import { startHttpStage } from './http-stage.ts';

const Row = z.object({ id: z.string(), v: z.string() });

it('lines that end with CR alone are rows', async () => {
  await using stage = await startHttpStage(Row, { id: 'id', feed: { format: csv() } });
  stage.source.on('/feed', text('id,v\ra,1\rb,2\r', 'text/csv'));
  await stage.poll();
  expect(await stage.data()).toEqual([
    { id: 'a', v: '1' },
    { id: 'b', v: '2' },
  ]);
});

describe('one line of text in place of rows', () => {
  const line = 'Error: rate limit exceeded, try later';

  it.each([
    ['with a header', csv()],
    ['with columns that are declared', csv({ columns: ['id', 'v', 'w'] })],
  ])('is a failure that quotes the line: %s', async (_what, format) => {
    await using stage = await startHttpStage(Row, { feed: { format } });
    stage.source.on('/feed', text(line, 'text/csv', { etag: '"1"' }));
    expect(await stage.poll()).toMatchObject({ outcome: 'failed', events: 0 });
    expect((await stage.status())?.lastError?.message).toContain(line);
    expect(JSON.stringify(await stage.position())).not.toContain('etag');
  });
});

describe('text in place of rows, where the stream needs no field', () => {
  it.each<[string, z.ZodType]>([
    ['they are optional', z.object({ id: z.string().optional(), v: z.string().optional() })],
    ['they have defaults', z.object({ id: z.string().default('x'), v: z.string().catch('') })],
    ['others may come too', z.looseObject({ id: z.string().optional() })],
  ])('is a failure that quotes its first line: %s', async (_why, schema) => {
    await using stage = await startHttpStage(schema, { feed: { format: csv() } });
    const body = 'Service unavailable\nplease try again later\n';
    stage.source.on('/feed', text(body, 'text/csv', { etag: '"1"' }));
    expect(await stage.poll()).toMatchObject({ outcome: 'failed', events: 0 });
    expect((await stage.status())?.lastError?.message).toMatch(/has none of the fields id.*: "Service unavailable"/);
    expect(await stage.data()).toEqual([]);
    expect(JSON.stringify(await stage.position())).not.toContain('etag');
  });

  it('is no failure where one name is shared, or where the schema names none', async () => {
    await using shared = await startHttpStage(z.object({ id: z.string().optional() }), { feed: { format: csv() } });
    shared.source.on('/feed', text('when,id\n1,a\n', 'text/csv'));
    expect(await shared.poll()).toMatchObject({ outcome: 'pulled', events: 1 });
    await using open = await startHttpStage(z.record(z.string(), z.string()), { feed: { format: csv() } });
    open.source.on('/feed', text('when,what\n1,a\n', 'text/csv'));
    expect(await open.poll()).toMatchObject({ outcome: 'pulled', events: 1 });
  });
});

it('a header alone is a source that has nothing', async () => {
  await using stage = await startHttpStage(Row, { feed: { format: csv() } });
  stage.source.on('/feed', text('id,v\n', 'text/csv'));
  expect(await stage.poll()).toMatchObject({ outcome: 'pulled', events: 0, rejected: 0 });
});

it('a header in spite of declared columns is no row', async () => {
  await using stage = await startHttpStage(Row, { feed: { format: csv({ columns: ['id', 'v'] }) } });
  stage.source.on('/feed', text('\nid, v\na,1\nid,v\n', 'text/csv'));
  await stage.poll();
  expect(await stage.data()).toEqual([
    { id: 'a', v: '1' },
    { id: 'id', v: 'v' },
  ]);
});

it('a quote that is never closed takes no rows along where quotes are lenient', async () => {
  await using stage = await startHttpStage(Row, { feed: { format: csv({ quotes: 'lenient' }) } });
  stage.source.on('/feed', text('id,v\na,"1\nb,2\nc,"3"\n"d,4\n"e",5\n', 'text/csv'));
  await stage.poll();
  expect(await stage.data()).toEqual([
    { id: 'a', v: '"1' },
    { id: 'b', v: '2' },
    { id: 'c', v: '3' },
    { id: '"d', v: '4' },
    { id: 'e', v: '5' },
  ]);
});

it('a header without a column that the stream needs is a failure, and one without another is not', async () => {
  const schema = Row.extend({ note: z.string().optional() });
  await using stage = await startHttpStage(schema, { feed: { format: csv() } });
  stage.source.on('/feed', text('id,value\na,1\n', 'text/csv'));
  await stage.poll();
  expect((await stage.status())?.lastError?.message).toContain('lacks the column v: "id,value"');
  stage.source.on('/feed', text('id,v\na,1\n', 'text/csv'));
  expect(await stage.poll()).toMatchObject({ outcome: 'pulled', events: 1 });
});

it('a replacement character of the source is part of a row', async () => {
  await using stage = await startHttpStage(Row, { feed: { format: csv() } });
  stage.source.on('/feed', text('id,v\na,bad \uFFFD here\nb,ok\n', 'text/csv'));
  await stage.poll();
  expect(await stage.data()).toEqual([
    { id: 'a', v: 'bad \uFFFD here' },
    { id: 'b', v: 'ok' },
  ]);
});

describe('an empty cell never becomes 0', () => {
  it.each(['text', 'null', 'omit'] as const)('where the schema makes a number of it: %s', async (empty) => {
    const schema = z.object({ id: z.string(), v: z.coerce.number() });
    await using stage = await startHttpStage(schema, { feed: { format: csv({ empty }) } });
    stage.source.on('/feed', text('id,v\na,\nb,5\n', 'text/csv'));
    await stage.poll();
    expect(await stage.data()).toEqual([{ id: 'b', v: 5 }]);
    expect(await stage.rejected()).toEqual([expect.objectContaining({ field: 'data.v' })]);
  });

  it('and is null where the docs are followed', async () => {
    const schema = z.object({ id: z.string(), v: z.number().nullable() });
    await using stage = await startHttpStage(schema, { feed: { format: csv({ numbers: ['v'], empty: 'null' }) } });
    stage.source.on('/feed', text('id,v\na,\nb,5\n', 'text/csv'));
    await stage.poll();
    expect(await stage.data()).toEqual([
      { id: 'a', v: null },
      { id: 'b', v: 5 },
    ]);
  });
});
