/** Pages that follow each other by a `Link` whose parameters hold escaped quotes, read by feeds and by tools. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { httpTool } from '../../src/index.ts';
import { apiOf, onStage } from '../apis/stage.ts';
import { json, startHttpSource } from '../services/http-feed.ts';
import { startHttpStage } from './http-stage.ts';

const link = '</feed?page=1>; rel="prev"; title="5\\" pipe", </feed?page=3>; rel="next"';

it('a feed reads on', async () => {
  const schema = z.object({ page: z.string().nullable() });
  await using stage = await startHttpStage(schema, { feed: { pages: { by: 'link' } } });
  stage.source.on('/feed', (request, response) => {
    const page = new URL(request.url ?? '/', stage.source.origin).searchParams.get('page');
    json([{ page }], page === null ? { link } : {})(request, response);
  });
  await stage.poll();
  expect(await stage.data()).toEqual([{ page: null }, { page: '3' }]);
});

it('a tool answers where the next page is', async () => {
  await using source = await startHttpSource();
  source.on('/feed', json([{ n: 1 }], { link }));
  const t = httpTool({
    description: 'x',
    input: z.object({}),
    api: apiOf(source),
    url: '/feed',
    item: z.object({ n: z.number() }),
    paging: { by: 'link', query: 'page' },
  });
  expect((await onStage({ t }).call('t')).structured).toEqual({ items: [{ n: 1 }], next: '3' });
});
