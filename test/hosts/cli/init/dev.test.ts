/** `tidegate dev` as a process, over an app of several files that are changed while it serves. */
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { DevEvent } from '../../../../src/hosts/cli/init/dev/messages.ts';
import { type Child, runCli, temporaryFolder } from '../../child.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const TOKEN = 'a-token-of-this-test';

const APP = `import { defineApp, secret, stream, tool } from 'tidegate';
import * as z from 'zod';
import { greeting } from './texts/greeting.ts';

console.log('the module is read');
export default defineApp({
  name: 'house',
  version: '1',
  description: 'A house',
  streams: {
    rooms: stream({
      description: 'Rooms',
      schema: z.object({ room: z.string(), celsius: z.number() }),
      key: 'room',
      push: { token: secret('PUSH_TOKEN') },
    }),
  },
  tools: { greet: tool({ description: 'Greets', run: () => greeting + ' ' + (process.env['TOWN'] ?? '') }) },
});
`;

let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder(), 'a house');
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const [name, path] of [
    ['tidegate', ROOT],
    ['zod', join(ROOT, 'node_modules/zod')],
  ] as const) {
    symlinkSync(path, join(folder, 'node_modules', name));
  }
  write('package.json', '{ "type": "module" }');
  write('.env', `PUSH_TOKEN=${TOKEN}\nTOWN=Ulm\n`);
  write('texts/greeting.ts', "export const greeting: string = 'hello';\n");
  write('app.ts', APP);
});

const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};

interface Dev extends Child {
  events: () => DevEvent[];
  /** Resolves with the event of that type that is the nth. */
  until: <Type extends DevEvent['type']>(type: Type, nth: number) => Promise<DevEvent & { type: Type }>;
  /** What the tool says now. */
  said: () => Promise<string>;
  url: () => Promise<string>;
}

function dev(args: readonly string[] = [], variables: Record<string, string> = {}): Dev {
  const child = runCli(['dev', '--json', ...args], variables, folder);
  const lines = () => child.stdout().split('\n').slice(0, -1);
  const events = () => lines().map((line) => JSON.parse(line) as DevEvent);
  const until: Dev['until'] = async (type, nth) => {
    const found = () => events().filter((event) => event.type === type) as never[];
    await expect
      .poll(() => found().length, { timeout: 20_000, interval: 30, message: child.stdout() + child.stderr() })
      .toBeGreaterThanOrEqual(nth);
    return found()[nth - 1] as never;
  };
  const url = async () => (await until('serving', 1)).url;
  async function said(): Promise<string> {
    const response = await fetch(`${await url()}/mcp`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2025-06-18',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } }),
    });
    return /"text":"([^"]*)"/.exec(await response.text())?.[1] ?? '';
  }
  return { ...child, events, until, url, said };
}

describe('tidegate dev', { timeout: 60_000 }, () => {
  test('serves what each change makes of it, at the same port and with the same data', async () => {
    const running = dev();
    const url = await running.url();
    expect(await running.said()).toBe('hello Ulm');
    const pushed = await fetch(`${url}/ingest/rooms`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` },
      body: '{"room":"kitchen","celsius":21}',
    });
    expect(pushed.status).toBe(200);
    expect(await running.until('events', 1)).toMatchObject({
      stream: 'rooms',
      count: 1,
      newest: { key: 'kitchen', data: { celsius: 21 } },
    });
    expect(await running.until('request', 2)).toMatchObject({ what: 'POST /ingest/rooms', status: 200 });

    // As editors do that write a file beside it first.
    write('texts/greeting.ts.tmp', "export const greeting: string = 'good day';\n");
    renameSync(join(folder, 'texts/greeting.ts.tmp'), join(folder, 'texts/greeting.ts'));
    expect(await running.until('changed', 1)).toMatchObject({ files: [join('texts', 'greeting.ts')] });
    expect(await running.until('serving', 2)).toMatchObject({ url, again: true });
    expect(await running.said()).toBe('good day Ulm');

    write('.env', `PUSH_TOKEN=${TOKEN}\nTOWN=Bern\n`);
    expect(await running.until('serving', 3)).toMatchObject({ url });
    expect(await running.said()).toBe('good day Bern');
    // Saved as it was, and what the app does not import.
    write('texts/greeting.ts', readFileSync(join(folder, 'texts/greeting.ts'), 'utf8'));
    write('notes.ts', 'export {};');

    write('app.ts', APP.replace("'A house'", "'A mistake").replace('A house', 'A house'));
    expect(await running.until('mistake', 1)).toMatchObject({
      serving: true,
      text: expect.stringMatching(/app\.ts does not load: SyntaxError[^]*app\.ts:/),
    });
    expect(await running.said()).toBe('good day Bern');
    write('app.ts', APP.replace('./texts/greeting.ts', './texts/later.ts'));
    expect((await running.until('mistake', 2)).text).toMatch(/Cannot find module/);
    write('texts/later.ts', "export const greeting: string = 'at last';\n");
    await running.until('serving', 4);
    expect(await running.said()).toBe('at last Bern');
    expect(running.events().filter(({ type }) => type === 'changed')).toHaveLength(5);
    expect(await running.until('output', 1)).toMatchObject({ to: 'stdout', text: 'the module is read' });

    const toldAt = Date.now();
    running.kill('SIGINT');
    expect(await running.ended).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(10_000);
    await expect(fetch(url)).rejects.toThrow();
  });

  test('a mistake at the start is shown, and mended without another start; the environment wins over .env', async () => {
    write('.env', 'TOWN=Ulm\n');
    const running = dev([], { TOWN: 'Linz' });
    expect(await running.until('mistake', 1)).toMatchObject({
      serving: false,
      text: expect.stringContaining('PUSH_TOKEN'),
    });
    write('.env', `PUSH_TOKEN=${TOKEN}\nTOWN=Ulm\n`);
    await running.until('serving', 1);
    expect(await running.said()).toBe('hello Linz');
    running.kill('SIGTERM');
    expect(await running.ended).toBe(0);
  });

  test('an app that ends its process is served again after a change', async () => {
    write('app.ts', APP.replace('greeting + ', 'process.exit(7) + '));
    const running = dev();
    await running.url();
    await running.said().catch(() => '');
    expect(await running.until('ended', 1)).toMatchObject({ status: 7, serving: false });
    write('app.ts', APP);
    await running.until('serving', 2);
    expect(await running.said()).toBe('hello Ulm');
  });

  test('killed, it leaves no process behind', async () => {
    const running = dev();
    const url = await running.url();
    running.kill('SIGKILL');
    await running.ended;
    await expect
      .poll(
        () =>
          fetch(url).then(
            () => 'up',
            () => 'gone',
          ),
        { timeout: 5_000 },
      )
      .toBe('gone');
  });

  test('a port that another process has: exit status 1, with what to do', async () => {
    const other = createServer();
    onTestFinished(() => void other.close());
    const port = await new Promise<number>((done) => {
      other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port));
    });
    const running = dev([], { PORT: String(port) });
    expect(await running.ended).toBe(1);
    expect(running.events().at(-1)).toMatchObject({
      type: 'mistake',
      text: expect.stringContaining('set PORT to another'),
    });
  });

  test('a folder without an app: exit status 1; a word too many: 2', async () => {
    rmSync(join(folder, 'app.ts'));
    const none = dev();
    expect([await none.ended, none.stderr()]).toEqual([
      1,
      expect.stringMatching(/there is no app[^]*tidegate init makes/),
    ]);
    const wrong = dev(['app.ts']);
    expect([await wrong.ended, wrong.stderr()]).toEqual([2, expect.stringContaining('dev --app app.ts')]);
  });

  test('for people it is lines, without colours where no terminal is', async () => {
    const running = runCli(['dev'], {}, folder);
    await expect
      .poll(() => running.stdout(), { timeout: 20_000 })
      .toMatch(/^\d\d:\d\d:\d\d {2}serving +http:\S+\/mcp {2}house 1$/m);
    expect(running.stdout()).toMatch(/watching +app\.ts; \.env sets PUSH_TOKEN, TOWN$/m);
    expect(running.stdout()).not.toContain('\u001b');
    expect(running.stdout()).not.toContain(TOKEN);
  });
});
