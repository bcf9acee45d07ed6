/** A resource is one in every spelling of its URI: who tells of a change may write it otherwise than who is told, and each is told its own. */
import { describe, expect, test } from 'vitest';
import { PUBLIC } from '../../../src/base/principal.ts';
import { defineApp, resource } from '../../../src/index.ts';
import { createAppChanges } from '../../../src/streams/app-changes.ts';
import { pipedApp } from '../events/piped.ts';
import { createListeningHost } from './listening-host.ts';

const SECOND = 1_000;

const app = defineApp({
  name: 'notes',
  version: '1.0.0',
  description: 'Notes',
  resources: {
    note: resource({ uri: 'note://{+path}', changes: () => [], read: async ({ path }) => `text of ${path}` }),
    key: resource({ uri: 'key://schlüssel', changes: [], read: async () => 'a key' }),
    menu: resource({ uri: 'menu://café menu', changes: [], read: async () => 'a menu' }),
  },
});

const SPELLINGS = [
  ['note://caf%C3%A9%20menu.md', 'note://café menu.md'],
  ['note://house/caf%c3%a9.md', 'note://house/café.md'],
  ['note://a%2fb', 'note://a%2Fb'],
  ['note://~x', 'note://%7Ex'],
  ['key://schl%C3%BCssel', 'key://schlüssel'],
  ['menu://caf%c3%a9%20menu', 'menu://café menu'],
].flatMap(([one = '', other = '']) => [
  [one, other],
  [other, one],
]);

describe.each(SPELLINGS)('%s, where %s has changed', (asked, changed) => {
  test('reads the same, and is told to who listens', async () => {
    const { host, clock, listen, call } = createListeningHost(app);
    const read = async (uri: string) =>
      (await call('resources/read', { uri })).result?.['contents'] as { text: string }[];
    expect((await read(asked))[0]?.text).toBe((await read(changed))[0]?.text);

    const listener = await listen({ resourceSubscriptions: [asked, 'note://other'] });
    expect(listener.news()).toEqual(['subscriptions/acknowledged']);
    await clock.drive(host.changes('public').resources.changed(changed));
    await clock.advance(2 * SECOND);
    expect(listener.news()).toEqual([`resources/updated ${asked}`]);
  });

  test('is told to who polls', async () => {
    const { host, clock, call } = createListeningHost(app);
    const poll = async (cursor?: string) => {
      const asking = { uris: [asked, 'note://other'], ...(cursor === undefined ? {} : { cursor }) };
      const { result } = await call('tools/call', { name: 'poll_changes', arguments: asking });
      return result?.['structuredContent'] as { cursor: string; changes: object[] };
    };
    const { cursor } = await poll();
    await clock.drive(host.changes('public').resources.changed(changed));
    expect((await poll(cursor)).changes).toEqual([{ uri: asked }]);
  });

  test('is told over a pipe to who subscribed, until it is taken back in either spelling', async () => {
    const at = pipedApp(app, true);
    const { resources } = createAppChanges(at.deps, PUBLIC.tenant, () => at.clock.now() + 10 * SECOND);
    const told = async () => {
      at.messages.length = 0;
      await resources.changed(changed);
      await at.clock.advance(12 * SECOND);
      return at.messages.map(({ params }) => params?.['uri']);
    };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    await at.ask(0, 'initialize', params);
    await at.send({ method: 'notifications/initialized' });
    await at.ask(1, 'resources/subscribe', { uri: asked });
    expect(await told()).toEqual([asked]);
    await at.ask(2, 'resources/unsubscribe', { uri: changed });
    expect(await told()).toEqual([]);
  });
});

test('who asks in two spellings is told by both', async () => {
  const { host, clock, listen } = createListeningHost(app);
  const both = ['note://caf%C3%A9', 'note://café'];
  const listener = await listen({ resourceSubscriptions: both });
  listener.news();
  await clock.drive(host.changes('public').resources.changed('note://caf%c3%a9'));
  await clock.advance(2 * SECOND);
  expect(listener.news().toSorted()).toEqual(both.map((uri) => `resources/updated ${uri}`).toSorted());
});
