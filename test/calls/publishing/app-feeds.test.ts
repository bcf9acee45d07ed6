/** What handlers send through feeds, where a question about it cannot be asked. Publishing itself: `tools/publish.test.ts`. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createAppFeeds } from '../../../src/calls/publishing/app-feeds.ts';

interface Message {
  topic: string;
  confirm: boolean;
}

async function ask(): Promise<never> {
  throw new TidegateError('missing_capability', 'this client cannot be asked');
}

test('a question that could not be asked keeps no other message from being sent', async () => {
  const sent: string[] = [];
  const outlet = {
    audit: null,
    factsOf: () => ({}),
    check: ({ topic, confirm }: Message) => ({
      rule: { pattern: topic, confirm: confirm ? { otherwise: 'ask' } : null },
      facts: {},
      shown: () => ['a message'],
      identity: [topic],
      field: 'topic',
      declined: { status: 'declined', reason: null },
      send: async () => (sent.push(topic), { status: 'acknowledged', reason: null }),
    }),
  };
  const app = { feeds: new Map([['plant', { name: 'plant', feed: { secrets: [] }, outlet }]]) };
  const deps = { app, runtime: systemRuntime(() => undefined), store: {} };
  const { signal } = new AbortController();
  const context = { principal: PUBLIC, canAsk: () => false, ask, signal, deadline: Number.POSITIVE_INFINITY };
  const feeds = createAppFeeds(deps as never, context as never);
  const publish = (message: Message) => feeds.publish('plant', message);
  await expect(publish({ topic: 'valve', confirm: true })).rejects.toMatchObject({ code: 'missing_capability' });
  await publish({ topic: 'note', confirm: false });
  expect(sent).toEqual(['note']);
});
