/** `tidegate init`, in folders of its own: what it writes, what it leaves alone, what it refuses. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { initCommand } from '../../../../src/hosts/cli/init/init-command.ts';
import { ownRange } from '../../../../src/hosts/cli/init/own-package.ts';
import { temporaryFolder } from '../../child.ts';

const FILES = [
  '.dockerignore',
  '.env',
  '.env.example',
  '.gitignore',
  'Dockerfile',
  'README.md',
  'app.test.ts',
  'app.ts',
  'aws.ts',
  'package.json',
  'tsconfig.json',
  'worker.ts',
  'wrangler.toml',
];

let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder(), 'my house');
});

/** Its exit status and what it printed. Nothing is installed. */
async function init(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const printed: string[] = [];
  const status = await initCommand({
    args: [...args, '--no-install'],
    environment,
    loadApp: () => Promise.reject(new Error('init loads no app')),
    misused(message) {
      printed.push(message);
      return 2;
    },
    print: (line) => void printed.push(line),
  });
  return { status, printed: printed.join('\n') };
}

const read = (path: string) => readFileSync(join(folder, path), 'utf8');

test('writes all files, with a name that the folder suggests, and says how to go on', async () => {
  const { status, printed } = await init([folder]);
  expect(status).toBe(0);
  expect(readdirSync(folder).toSorted()).toEqual(FILES);
  expect(JSON.parse(read('package.json'))).toMatchObject({ name: 'my-house', private: true, type: 'module' });
  expect(read('app.ts')).toContain("name: 'my-house'");
  expect(printed).toMatch(/cd ".*my house"\n {2}npm install\n {2}npm run dev/);
  expect(printed).toContain(
    'npm install --save-dev aws-cdk aws-cdk-lib constructs esbuild @aws-sdk/client-secrets-manager',
  );
});

test('an app of a package that came from a tarball depends on that tarball', () => {
  const at = temporaryFolder();
  const own = join(at, 'node_modules/tidegate');
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'package.json'), '{ "version": "1.2.3" }');
  expect(ownRange(own)).toBe('^1.2.3');
  const packages = { 'node_modules/tidegate': { resolved: 'file:packed/tidegate-1.2.3.tgz' } };
  writeFileSync(join(at, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
  // It is gone.
  expect(ownRange(own)).toBe('^1.2.3');
  mkdirSync(join(at, 'packed'), { recursive: true });
  writeFileSync(join(at, 'packed/tidegate-1.2.3.tgz'), '');
  expect(ownRange(own)).toBe(`file:${join(at, 'packed/tidegate-1.2.3.tgz')}`);
});

test('each app has a token of its own, which others of the machine cannot read, and the example has none', async () => {
  await init([folder]);
  await init([`${folder}-2`]);
  const [, token = ''] = /^PUSH_TOKEN=(\S{20,})$/m.exec(read('.env')) ?? [];
  expect(token).not.toBe('');
  expect(read('.env.example')).not.toContain(token);
  expect(readFileSync(`${folder}-2/.env`, 'utf8')).not.toContain(token);
  if (process.platform !== 'win32') expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0);
  expect(read('.gitignore').split('\n')).toEqual(expect.arrayContaining(['.env', '.tidegate/', 'node_modules/']));
  expect(read('.dockerignore').split('\n')).toContain('.env');
});

test('what an app declares as secret depends on no variable, and its test and .env have a value for each', async () => {
  await init([folder, '--feed', 'push,http,mqtt,websocket']);
  const declared = [...read('app.ts').matchAll(/secret\('(\w+)'\)/g)].map(([, name = '']) => name);
  expect(declared).toEqual(['PUSH_TOKEN', 'MQTT_URL']);
  expect(read('app.ts')).not.toContain('process.env');
  const [, given = ''] = /environment: \{(.*)\}/.exec(read('app.test.ts')) ?? [];
  for (const name of declared) {
    expect(given).toContain(name);
    expect(read('.env')).toMatch(new RegExp(`^${name}=\\S`, 'm'));
  }
});

describe('what is there already', () => {
  beforeEach(() => mkdirSync(folder));

  test('all that is in the way is named, and nothing is written', async () => {
    writeFileSync(join(folder, 'package.json'), '{ "name": "shop" }');
    writeFileSync(join(folder, 'tsconfig.json'), '{}');
    const failed = init([folder]);
    await expect(failed).rejects.toMatchObject({ code: 'invalid_input', field: 'folder' });
    await expect(failed).rejects.toThrow(/package\.json, tsconfig\.json \(package\.json is that of shop\)/);
    expect(readdirSync(folder)).toEqual(['package.json', 'tsconfig.json']);
    expect((await init([folder, '--force'])).status).toBe(0);
    expect(JSON.parse(read('package.json'))).toMatchObject({ name: 'my-house' });
  });

  test('a repository with a README, a licence and a .gitignore becomes an app', async () => {
    mkdirSync(join(folder, '.git'));
    writeFileSync(join(folder, 'README.md'), 'mine');
    writeFileSync(join(folder, 'LICENSE'), 'mine');
    writeFileSync(join(folder, '.gitignore'), 'node_modules\r\nsecret.txt');
    const { status, printed } = await init([folder]);
    expect([status, read('README.md'), read('LICENSE')]).toEqual([0, 'mine', 'mine']);
    expect(printed).toContain('Left as it was: README.md');
    expect(read('.gitignore')).toBe(
      'node_modules\r\nsecret.txt\r\n.env\r\n.env.*\r\n!.env.example\r\n.tidegate/\r\n.wrangler/\r\ncdk.out/\r\ndist/\r\n*.log\r\n*.gz\r\n*.ndjson\r\n',
    );
  });

  test('secrets that stand in .env stay, whatever is said', async () => {
    writeFileSync(join(folder, '.env'), 'PUSH_TOKEN=mine-and-nobody-elses');
    const { printed } = await init([folder, '--force']);
    expect(read('.env')).toBe('PUSH_TOKEN=mine-and-nobody-elses');
    expect(printed).toContain('Left as it was: .env');
  });

  test('a link that leads nowhere is in the way, and what it names is not made', async () => {
    symlinkSync('/nowhere/at/all', join(folder, 'app.ts'));
    await expect(init([folder])).rejects.toThrow(/in the way in .*: app\.ts$/);
    expect(readdirSync(folder)).toEqual(['app.ts']);
  });

  test('what cannot be written whole is not written', async () => {
    mkdirSync(join(folder, 'Dockerfile'));
    writeFileSync(join(folder, 'package.json'), '{ "name": "shop" }');
    symlinkSync('/nowhere/at/all', join(folder, 'wrangler.toml'));
    const refused = init([folder, '--force']);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', field: 'folder' });
    await expect(refused).rejects.toThrow(/no files in .*: wrangler\.toml, Dockerfile$/);
    expect(readdirSync(folder)).toEqual(['Dockerfile', 'package.json', 'wrangler.toml']);
    expect(read('package.json')).toBe('{ "name": "shop" }');
  });

  test('a file where the folder would be', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(init([join(folder, 'file')])).rejects.toMatchObject({ code: 'invalid_input', field: 'folder' });
  });

  test.skipIf(process.getuid?.() === 0)('a folder that this user may not write to', async () => {
    chmodSync(folder, 0o500);
    await expect(init([folder])).rejects.toMatchObject({ code: 'invalid_input', field: 'folder' });
  });
});

describe('names', () => {
  test.each([
    ['My Häuser & Höfe', 'my-hauser-hofe'],
    ['..hidden', 'hidden'],
    ['测试', 'my-app'],
    ['tidegate', 'my-app'],
    ['vitest', 'my-app'],
  ])('a folder named %s suggests %s', async (name, expected) => {
    const at = join(folder, name);
    await init([at]);
    expect(JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))).toMatchObject({ name: expected });
  });

  test('a scope is of the package alone', async () => {
    await init([folder, '--name', '@me/plant.one']);
    expect(JSON.parse(read('package.json'))).toMatchObject({ name: '@me/plant.one' });
    expect(read('app.ts')).toContain("name: 'plant-one'");
    expect(read('wrangler.toml')).toContain('name = "plant-one"');
  });

  test.each([
    'Plant',
    '.plant',
    '_plant',
    'a b',
    'node_modules',
    'fs',
    'tidegate',
    'zod',
    '@me/',
    'x'.repeat(215),
    'a/b',
    '...',
  ])('--name %s is refused, and nothing is written', async (name) => {
    await expect(init([folder, '--name', name])).rejects.toMatchObject({ field: '--name' });
    expect(existsSync(folder)).toBe(false);
  });

  test('a name that is near enough is told', async () => {
    await expect(init([folder, '--name', 'My Plant'])).rejects.toMatchObject({ hint: '--name my-plant is one' });
  });
});

const topicOf = (text: string) => /clientId: '(my-house(?:-2)?-[\da-f]{8})'/.exec(text)?.[1];

describe('what is asked for', () => {
  test.each([
    [['--feed', 'mqtt'], ['boilers']],
    [
      ['--feed', 'websocket,http'],
      ['quakes', 'prices'],
    ],
    [
      ['--feed', 'http', '--feed', 'push, mqtt'],
      ['rooms', 'quakes', 'boilers'],
    ],
  ])('%j', async (args, streams) => {
    await init([folder, ...args]);
    expect(read('app.ts')).toContain(`  streams: { ${streams.join(', ')} },`);
  });

  test('what is shared with others has a name that nobody else has', async () => {
    await init([folder, '--feed', 'mqtt']);
    await init([`${folder}-2`, '--feed', 'mqtt']);
    const topic = topicOf(read('app.ts'));
    expect(topic).toBeDefined();
    expect(read('README.md')).toContain(`-t ${topic}/boilers/`);
    expect(topicOf(readFileSync(`${folder}-2/app.ts`, 'utf8'))).not.toBe(topic);
  });

  test.each([
    [['--feed', 'kafka'], /--feed kafka: expected one of the feeds push, http, mqtt, websocket/],
    [['--feed', 'htpp'], /did you mean http\?/],
    [['--feed', ','], /one or more of push/],
  ])('%j is refused', async (args, words) => {
    await expect(init([folder, ...args])).rejects.toThrow(words);
    expect(existsSync(folder)).toBe(false);
  });

  test('a path in several words is told to stand in quotes', async () => {
    expect(await init(['my', 'house'])).toMatchObject({ status: 2, printed: expect.stringContaining('in quotes') });
  });

  test.each([
    ['npm/10.9.0 node/v22.18.0 linux x64 workspaces/false', 'npm'],
    ['pnpm/10.1.0 npm/? node/v22.18.0 linux x64', 'pnpm'],
    ['yarn/4.5.0 npm/? node/v22.18.0 linux x64', 'yarn'],
    ['bun/1.2.0 npm/? node/v24.3.0 linux x64', 'bun'],
  ])('called by %s, it names %s', async (agent, name) => {
    const { printed } = await init([folder], { npm_config_user_agent: agent });
    expect(printed).toContain(`  ${name} install\n  ${name} run dev`);
    expect(read('README.md')).toContain(`${name} run dev`);
  });
});
