/** What an app may make of a context: it may stand behind a proxy, or be what another object inherits from. */
import { expect, test } from 'vitest';
import { createTestApp } from '../../src/testing.ts';
import { defineApp, stream, tool, type ToolContext } from '../../src/index.ts';
import * as z from 'zod';

const ways: Record<string, (context: ToolContext) => ToolContext> = {
  'as it is': (context) => context,
  'behind a proxy': (context) => new Proxy(context, {}),
  'inherited from': (context) => Object.create(context) as ToolContext,
};

test.each(Object.entries(ways))('every member of a context is there %s', async (_, given) => {
  const seen: unknown[] = [];
  const app = createTestApp(
    defineApp({
      name: 'contexts',
      version: '1',
      description: 'd',
      streams: { ticks: stream({ description: 'Ticks', schema: z.object({ n: z.number() }) }) },
      tools: {
        look: tool({
          description: 'Looks.',
          run: async (_input, whole) => {
            const context = given(whole);
            const { log, progress, emit, ask, sample, roots, canAsk, closeStream, now } = context;
            seen.push(
              ...[log, progress, emit, ask, sample, roots, canAsk, closeStream, now].map((each) => typeof each),
            );
            seen.push(context.signal.aborted, context.principal.tenant, canAsk('form'));
            log('info', 'seen');
            const found = [...context.streams.names()];
            return Promise.resolve(found.join(','));
          },
        }),
      },
    }),
  );
  expect((await app.call('look', {})).text).toContain('ticks');
  expect(seen).toEqual([...Array.from({ length: 9 }, () => 'function'), false, 'public', false]);
});
