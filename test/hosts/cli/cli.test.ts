/** What the command line refuses, in which words and with which exit status. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { refused, runCli, temporaryFolder } from '../child.ts';

const README = join(import.meta.dirname, '../../../src/hosts/README.md');
const INDEX = join(import.meta.dirname, '../../../src/index.ts');

describe('tidegate start', { timeout: 20_000 }, () => {
  test.each<[Record<string, string>, string]>([
    [{ PORT: 'x' }, 'PORT'],
    [{ PORT: '65536' }, 'PORT'],
    [{ STORE: 'nope' }, 'STORE'],
    [{ STORE: 'redis' }, 'UPSTASH_REDIS_REST_URL'],
    [{ STORE: 'redis', UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1' }, 'UPSTASH_REDIS_REST_TOKEN'],
    [{ STORE: 'redis', UPSTASH_REDIS_REST_URL: 'redis://127.0.0.1:1' }, 'UPSTASH_REDIS_REST_URL'],
    [
      { STORE: 'redis', UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1', UPSTASH_REDIS_REST_TOKEN: 'x' },
      'UPSTASH_REDIS_REST_URL',
    ],
    [{ STORE: 'dynamodb' }, 'DYNAMODB_TABLE'],
    [{ STORE: 'dynamodb', DYNAMODB_TABLE: 'a table' }, 'DYNAMODB_TABLE'],
    [{ STORE: 'dynamodb', DYNAMODB_TABLE: 'table', AWS_ACCESS_KEY_ID: 'x' }, 'AWS_SECRET_ACCESS_KEY'],
    [{ STORE: 'dynamodb', DYNAMODB_TABLE: 'table', AWS_SECRET_ACCESS_KEY: 'x' }, 'AWS_ACCESS_KEY_ID'],
    [
      { STORE: 'dynamodb', DYNAMODB_TABLE: 'table', AWS_ENDPOINT_URL_DYNAMODB: '127.0.0.1' },
      'AWS_ENDPOINT_URL_DYNAMODB',
    ],
    [{ SQLITE_PATH: '/' }, 'SQLITE_PATH'],
    [{ MQTT_URL: 'http://127.0.0.1' }, 'MQTT_URL'],
    [{ DEMO: 'perhaps' }, 'DEMO'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ PUBLIC_URL: 'example' }, 'PUBLIC_URL'],
  ])('%j: exit status 1, naming %s', async (variables, name) => {
    const { status, words } = await refused(runCli(['start'], { ...variables }));
    expect(status).toBe(1);
    expect(words).toMatch(new RegExp(`\\b${name}\\b.* expected|${name}: `));
  });

  test.each([
    ['no app', 'export const app = 1;', '--app'],
    ['a mistake', 'export default defineApp({ name: "x", version: "1", description: "" });', 'description'],
    [
      'a mistake deep inside',
      `export default defineApp({ name: 'x', version: '1', description: 'x', streams: {
        quakes: stream({ description: 'x', schema: z.object({}), feed: http({ url: 'ftp://x' }) }) } });`,
      'streams.quakes.feed.url',
    ],
  ])('an app module with %s: exit status 1', async (_what, text, path) => {
    const file = join(temporaryFolder(), 'app.ts');
    const zod = import.meta.resolve('zod');
    const imports = `import { defineApp, http, stream } from '${INDEX}';\nimport * as z from '${zod}';\nvoid [stream, http, z];`;
    writeFileSync(file, `${imports}\n${text.startsWith('export const') ? 'void defineApp;' : ''}\n${text}\n`);
    const { status, words } = await refused(runCli(['start', '--app', file]));
    expect(status).toBe(1);
    expect(words).toContain(`${path}: expected`);
  });

  test.each([
    [
      'require.mjs',
      "require('x');",
      /require is not defined[^]*write import and export default in place of require and module\.exports/,
    ],
    ['worker.mts', "import 'cloudflare:workers';", /for Cloudflare: name the module of the app itself/],
    ['near.mts', "import './near';", /Cannot find module[^]*Node wants the whole name: import '…\/near\.mts'/],
    ['far.mts', "import './nowhere.ts';", /Cannot find module[^]*mend the path of that import/],
    ['app.txt', 'hello', /Unknown file extension "\.txt"[^]*expected a \.ts, \.mts, \.js or \.mjs module/],
    ['app.json', '{}', /expected a \.ts, \.mts, \.js or \.mjs module/],
    [
      'broken.mjs',
      'const a = 1;\nexport default a a;',
      /SyntaxError: .*\n {2}in \S+broken\.mjs:2\n[^]*node \S+broken\.mjs shows/,
    ],
    ['twice.mts', 'const a: number = 1;\nconst a = 2;', /SyntaxError: .*\n {2}in \S+twice\.mts:2\n/],
    ['broken.mts', 'const a = 1;\nexport default a a;', /SyntaxError: .*\n {2}in \S+broken\.mts:2\n/],
    ['enum.mts', 'enum A { B }\nexport default A;', /in \S+enum\.mts:1\n[^]*build the file first/],
    [
      'throws.mts',
      'const a = 1;\nnull.x;',
      /TypeError: Cannot read .*\n {2}in \S+throws\.mts:2:6\n[^]*node \S+throws\.mts/,
    ],
    ['waits.mts', 'await new Promise(() => {});', /waits\.mts does not load: an await [^]*what never comes/],
    ['text.mts', 'throw "a word";', /does not load: a word$/m],
    ['lost.mts', 'import "not-a-package-of-anyone";', /Cannot find package 'not-a-package-of-anyone'[^]*install/],
  ])('an app that does not load, %s: exit status 1, with its place and what to do', async (name, text, words) => {
    const file = join(temporaryFolder(), name);
    writeFileSync(file, text);
    for (const command of ['start', 'stdio']) {
      const found = await refused(runCli([command, '--app', file]));
      expect(found.status).toBe(1);
      expect(found.words).toMatch(words);
      expect(found.words).toMatch(/^tidegate: .*does not load: [^]*^ {2}--app: expected /m);
    }
  });

  test('a mistake in an imported file is told with that file', async () => {
    const folder = temporaryFolder();
    for (const [name, text] of [
      ['bad.mts', 'const a = 1;\nconst b: number = ;'],
      ['bad.mts', 'const a = 1;\nnull.x;'],
      ['bad.mjs', 'export const a = { b: 1,\n c: 2 d: 3 };'],
      ['bad.cjs', 'const a = 1;\nmodule.exports = {,};'],
    ] as const) {
      // What it imports first is sound.
      writeFileSync(join(folder, 'sound.mjs'), `import './${name}';\n`);
      writeFileSync(join(folder, 'app.mts'), "import './sound.mjs';\nexport default 1;\n");
      writeFileSync(join(folder, name), text);
      const { status, words } = await refused(runCli(['start', '--app', join(folder, 'app.mts')]));
      expect([status, words]).toEqual([1, expect.stringMatching(new RegExp(` {2}in \\S+${name}:2`))]);
    }
  });

  test.each(['app.js', 'app.ts'])('%s as npm init makes its folder: how a module of it is made', async (name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
    writeFileSync(join(folder, name), 'import "node:path";\nexport default 1;');
    const { status, words } = await refused(runCli(['start', '--app', join(folder, name)]));
    expect([status, words]).toEqual([1, expect.stringContaining('set "type": "module" there')]);
    expect(words).toContain(`call the file ${name.replace('.', '.m')}`);
  });

  test('an export of the package that is misspelt is told with the nearest one', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(import.meta.dirname, '../../..'), join(folder, 'node_modules/tidegate'));
    writeFileSync(join(folder, 'app.mts'), "import { htpp } from 'tidegate';\nvoid htpp;");
    const { status, words } = await refused(runCli(['start', '--app', join(folder, 'app.mts')]));
    expect([status, words]).toEqual([1, expect.stringMatching(/export named 'htpp'[^]*did you mean http\?/)]);
  });

  test('an app that is a folder: exit status 1', async () => {
    const { status, words } = await refused(runCli(['start', '--app', temporaryFolder()]));
    expect([status, words]).toEqual([1, expect.stringMatching(/is a folder\n {2}--app: expected/)]);
  });

  test('an app module that is not there: exit status 1', async () => {
    const { status, words } = await refused(runCli(['start', '--app', 'nowhere.ts']));
    expect(status).toBe(1);
    expect(words).toMatch(/no file nowhere\.ts[^]*--app/);
  });
});

test('stdio says what is wrong on standard error, and nothing on standard output', { timeout: 20_000 }, async () => {
  const { status, words } = await refused(runCli(['stdio'], { STORE: 'nope' }));
  expect(status).toBe(1);
  expect(words).toContain('STORE: ');
});

describe('tidegate', { timeout: 20_000 }, () => {
  test('a port that is taken: exit status 1, naming PORT', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const variables = { PORT: port, SQLITE_PATH: join(temporaryFolder(), 't.db') };
    const { status, words } = await refused(runCli(['start'], variables));
    expect(status).toBe(1);
    expect(words).toContain(`127.0.0.1:${port}`);
    expect(words).toMatch(/\bPORT\b/);
  });

  test.each<[string[], string]>([
    [['serve'], 'there is no command serve'],
    [[], 'no command is given'],
    [['start', 'tiny.ts'], 'tidegate start --app tiny.ts'],
    [['start', '--port', '8871'], 'PORT=8871 tidegate start'],
    [['tasks'], 'tasks needs one of list, show, answer, cancel, retry'],
    [['tasks', 'lst'], 'did you mean list?'],
    [['tasks', 'show'], 'needs the id of a task'],
    [['tasks', 'list', '--status', 'faild'], 'did you mean failed?'],
  ])('%j is no call: exit status 2, with what would be', async (args, told) => {
    const { status, words } = await refused(runCli(args));
    expect(status).toBe(2);
    const [first, ...usage] = words.trim().split('\n');
    expect(first).toContain(told);
    // What was wrong stays in sight: of the rest it shows how this command is called.
    expect(usage.length).toBeLessThan(12);
    expect(usage.join('\n')).toMatch(args[0] === 'tasks' ? /tidegate tasks list/ : /tidegate start \[--app FILE\]/);
    expect(usage.at(-1)).toContain('tidegate --help');
  });

  test.each(['nowhere.invalid', '192.0.2.7'])('HOST=%s: exit status 1, naming HOST and not PORT', async (HOST) => {
    const { status, words } = await refused(runCli(['start'], { HOST, STORE: 'memory' }));
    expect(status).toBe(1);
    expect(words).toMatch(/HOST: expected an address or name of this machine/);
    expect(words).not.toMatch(/\bPORT\b/);
  });

  test('STROE=memory is told at the start, once', async () => {
    const child = runCli(['start'], { STROE: 'memory', SQLITE_PATH: join(temporaryFolder(), 't.db') });
    await child.url();
    expect(child.stderr().match(/STROE is set, and nothing reads it: did you mean STORE\?/g)).toHaveLength(1);
  });

  test.each([
    ['--help', /tidegate stdio/],
    ['-h', /tidegate stdio/],
    ['--version', new RegExp(`^tidegate ${manifest.version}$`, 'm')],
    ['-v', new RegExp(`^tidegate ${manifest.version}$`, 'm')],
  ])('%s is an answer', async (option, words) => {
    const child = runCli([option]);
    expect(await child.ended).toBe(0);
    expect(child.stdout()).toMatch(words);
    expect(child.stderr()).toBe('');
  });

  test('--help names every variable of the README', async () => {
    const child = runCli(['--help']);
    await child.ended;
    const [, section = ''] = /## Configuration\n([\s\S]*)/.exec(readFileSync(README, 'utf8')) ?? [];
    const named = new Set([...section.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name ?? ''));
    expect(named.size).toBeGreaterThan(10);
    for (const name of named) expect(child.stdout()).toContain(name);
  });
});
