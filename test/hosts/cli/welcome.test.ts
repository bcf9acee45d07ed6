import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { AuthMode } from '../../../src/base/config/auth.ts';
import { createFeedLines, welcome } from '../../../src/hosts/cli/commands/welcome.ts';
import { defineApp, stream, TidegateError, tool } from '../../../src/index.ts';
import { type FeedReport, type IngestReport } from '../../../src/schedule.ts';

const app = defineApp({
  name: 'plant-7',
  title: 'Plant 7',
  version: '1.2.3',
  description: 'A plant',
  streams: { boilers: stream({ description: 'Boilers', schema: z.object({}) }) },
});

describe('the welcome', () => {
  const lines = welcome(app, 'http://127.0.0.1:9', 'sqlite (x.db)', ['a note'], 'my app.ts').split('\n');

  test('says what runs where', () => {
    expect(lines.slice(0, 3)).toEqual([
      'Plant 7 1.2.3 serves MCP at http://127.0.0.1:9/mcp',
      '  store: sqlite (x.db); streams: boilers',
      '  a note',
    ]);
  });

  test('names what there is, and waits for no streams where nothing feeds any', () => {
    const ping = tool({ description: 'Pings.', run: () => Promise.resolve('pong') });
    const bare = defineApp({ name: 'bare', version: '1', description: 'No streams', tools: { ping } });
    const said = welcome(bare, 'http://127.0.0.1:9', 'memory', [], null).split('\n');
    expect(said[1]).toBe('  store: memory; tools: ping');
    expect(said.at(-1)).toBe('Ctrl-C ends it.');
  });

  test.each([
    ['Claude Code', 'claude mcp add --transport http plant-7 http://127.0.0.1:9/mcp'],
    ['VS Code', `code --add-mcp '{"name":"plant-7","type":"http","url":"http://127.0.0.1:9/mcp"}'`],
    ['Inspector', 'npx @modelcontextprotocol/inspector@2 --cli http://127.0.0.1:9/mcp --method tools/list'],
  ])('has a line to paste for %s', (client, command) => {
    const line = lines.find((text) => text.trim().startsWith(client));
    expect(line?.trim().slice(client.length).trim()).toBe(command);
  });
});

function said(...modes: AuthMode[]): string[] {
  return welcome(app, 'http://127.0.0.1:9', 'memory', [], 'app.ts', { modes, saidNone: modes.length === 0 }).split(
    '\n',
  );
}

describe('the welcome of a server that asks who calls', () => {
  test('by keys has them in the lines to paste, and says how one is made', () => {
    const text = said('keys').join('\n');
    expect(text).toContain(
      '  callers bring a key\n  a key is made by npx tidegate keys create --name NAME --app app.ts',
    );
    expect(text).toContain(
      'claude mcp add --transport http plant-7 http://127.0.0.1:9/mcp --header "Authorization: Bearer tg_…"',
    );
    expect(text).toContain('"headers":{"Authorization":"Bearer tg_…"}}');
    expect(text).toContain('--cli http://127.0.0.1:9/mcp --header "Authorization: Bearer tg_…" --method tools/list');
  });

  test('by none says that everyone may call', () => {
    expect(said()).toContain('  everyone who reaches it may call: AUTH is none');
    expect(said('keys').join('\n')).not.toContain('everyone');
  });

  test('by tokens leaves it to the client to get one', () => {
    const text = said('oauth').join('\n');
    expect(text).toContain('callers bring a token of the issuer');
    expect(text).not.toContain('tg_');
    expect(said('keys', 'oauth').join('\n')).toContain('callers bring a key or a token of the issuer');
  });
});

describe('the lines of the feeds', () => {
  const NONE = { events: 0, duplicates: 0, rejected: 0, dropped: 0, thinned: 0, deadLetters: 0, bytes: 0 };
  const report = (...feeds: Partial<FeedReport>[]): IngestReport => ({
    nextAt: null,
    spent: { storeCalls: {} },
    feeds: feeds.map((feed) => {
      const ended = { feed: 'a', outcome: 'pulled', state: 'ok', commits: 0, error: null, nextAt: 0 } as const;
      return { ...ended, ...NONE, spent: { storeCalls: {} }, ...feed };
    }),
  });

  test('come when a feed first brings events and when its state changes, with the reason, and not otherwise', () => {
    const lines = createFeedLines(() => 0);
    expect(lines(report({ outcome: 'waiting', state: 'never-run' }))).toEqual([]);
    expect(lines(report({}))).toEqual([expect.stringMatching(/a +ok +0 new events$/)]);
    expect(lines(report({}))).toEqual([]);
    expect(lines(report({ events: 3 }))).toEqual([expect.stringMatching(/a +ok +3 new events$/)]);
    expect(lines(report({ events: 4 }))).toEqual([]);
    const error = new TidegateError('upstream', 'it is down');
    expect(lines(report({ outcome: 'failed', state: 'backing-off', error }))).toEqual([
      expect.stringMatching(/a +backing-off +7 new events: it is down$/),
    ]);
    expect(lines(report({ outcome: 'failed', state: 'backing-off', error }))).toEqual([]);
    expect(lines(report({ outcome: 'leased', state: 'running' }))).toEqual([]);
    expect(lines(report({ events: 1 }))).toEqual([expect.stringMatching(/a +ok +8 new events$/)]);
  });

  test('say that nothing fits, of a connection that is held too', () => {
    const lines = createFeedLines(() => 0);
    lines(report({ events: 1 }));
    const refused = report({ outcome: 'held', state: 'rejecting', rejected: 2 });
    expect(lines(refused)).toEqual([expect.stringMatching(/a +rejecting +1 new events, 2 rejected/)]);
  });

  test('say once that another process has a feed, and until when it has to renew its lease', () => {
    const lines = createFeedLines(() => 1_000);
    const leased = report({ outcome: 'leased', state: 'running', nextAt: 28_500 });
    expect(lines(leased)).toEqual([expect.stringMatching(/a +leased +by another process, .* within 28 s;/)]);
    expect(lines(leased)).toEqual([]);
    expect(lines(report({ events: 1 }))).toEqual([expect.stringMatching(/a +ok +1 new events$/)]);
  });

  test('sum up all feeds every half minute', () => {
    let now = 0;
    const lines = createFeedLines(() => now);
    lines(report({ events: 1 }, { feed: 'b', events: 2 }));
    now = 29_999;
    expect(lines(report({ events: 1 }))).toEqual([]);
    now = 30_000;
    expect(lines(report({ events: 1 }))).toEqual(['  a ok, 3 new; b ok, 2 new']);
    expect(lines(report({ events: 1 }))).toEqual([]);
    now = 60_000;
    expect(lines(report())).toEqual(['  a ok, 4 new; b ok, 2 new']);
  });
});
