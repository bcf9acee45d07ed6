/**
 * The order of the rooms and of what stands in them, which package each may import, and that no two files import each
 * other, types included. The rules keep a Worker small, the store replaceable, and every file readable by itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');
const README = readFileSync(join(SRC, 'README.md'), 'utf8');

/** Rooms, lowest first. A room may import from those on the lines before its own, and from none beside it. */
const ROOMS: readonly (readonly string[])[] = [
  ['base'],
  ['declare'],
  ['store'],
  ['net', 'streams'],
  ['auth', 'deliveries', 'feeds', 'tasks', 'triggers'],
  ['calls'],
  ['http', 'tools', 'mcp', 'apis', 'operate'],
  ['hosts'],
];

/** Folders within a room, lowest first, by the same rule; `.` is the room's own files. */
const FOLDERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  base: [['.'], ['config', 'time', 'schema']],
  declare: [['.'], ['spec'], ['check']],
  store: [['.'], ['dynamodb', 'redis', 'sqlite', 'shares', 'watch', 'quotas'], ['drivers'], ['contract']],
  streams: [['.'], ['log', 'conditions'], ['removing', 'ranges'], ['history'], ['sources']],
  feeds: [
    ['kit', 'records', 'csv', 'rss'],
    ['run', 'http', 'mqtt-session', 'websocket', 'aws'],
    ['mqtt', 'http/sse', 'http/formats', 'handed'],
    ['.'],
  ],
  tasks: [['records'], ['waits'], ['turn'], ['work']],
  triggers: [['judging'], ['.'], ['alarms']],
  deliveries: [['records'], ['send'], ['work'], ['.']],
  auth: [['.'], ['keys', 'oauth', 'audit', 'login']],
  calls: [['publishing'], ['.'], ['bounds', 'changes'], ['events']],
  http: [['documents', 'bodies'], ['.'], ['events', 'observe']],
  tools: [['.'], ['alarms', 'events', 'triggers']],
  operate: [['.'], ['feeds', 'streams', 'dead', 'work', 'backup'], ['faces']],
  // An extension stands beside what serves it: nothing of the server knows one.
  mcp: [['.'], ['wire'], ['registry'], ['listen', 'sessions'], ['asking'], ['events', 'tasks', 'serve'], ['pipe']],
  hosts: [
    ['.'],
    ['platforms', 'queues', 'node/process', 'node/turns'],
    ['node', 'workers', 'lambda', 'aws', 'demo', 'testing'],
    ['cli/kit', 'cli/init/templates', 'cli/deploy/programs'],
    ['cli/commands', 'cli/init', 'cli/init/dev', 'cli/deploy', 'cli/doctor', 'cli/operate'],
    ['cli'],
  ],
};

/** Imports across folders on one line, each with its reason. */
const ACROSS: readonly { from: string; to: string }[] = [
  // Lambda runs Node: its runtime is Node's.
  { from: 'hosts/lambda', to: 'hosts/node' },
  // What it deploys are functions of Lambda, and its alarms look at the metrics that these write.
  { from: 'hosts/aws', to: 'hosts/lambda' },
];

/** Packages that only some files may import. Every other dependency is free, and listed here by nothing. */
const PACKAGES: readonly { pattern: RegExp; only: RegExp }[] = [
  { pattern: /^@upstash\/redis/, only: /^store\/redis\// },
  { pattern: /^@aws-sdk\//, only: /^store\/dynamodb\// },
  { pattern: /^@smithy\//, only: /^hosts\/lambda\/sqs/ },
  { pattern: /^@modelcontextprotocol\//, only: /^(mcp|hosts)\// },
  { pattern: /^mqtt-packet/, only: /^feeds\/mqtt(-session)?\// },
  { pattern: /^eventsource-parser/, only: /^feeds\/http\/sse\/parser/ },
  { pattern: /^entities/, only: /^feeds\/rss\// },
  { pattern: /^aedes/, only: /^hosts\/demo\// },
  { pattern: /^vitest$/, only: /^store\/contract\// },
  { pattern: /^undici/, only: /^hosts\/node\// },
  { pattern: /^(aws-cdk-lib|constructs|esbuild)(\/|$)/, only: /^hosts\/aws\// },
  { pattern: /^hono|^@hono\//, only: /^(http|hosts)\// },
  { pattern: /^node:sqlite$/, only: /^store\/sqlite\// },
  { pattern: /^node:(?!sqlite$)/, only: /^(hosts|store\/sqlite)\// },
  { pattern: /^cloudflare:/, only: /^hosts\/workers\// },
];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

/** What a file imports, as it writes it: `import`, `export … from`, `import()`, of values and of types. */
function specifiers(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

const pathOf = (file: string, specifier: string) => relative(SRC, resolve(dirname(join(SRC, file)), specifier));
const imports = new Map(files.map((file) => [file, specifiers(file)]));

function neighbours(file: string): string[] {
  return (imports.get(file) ?? []).filter((name) => name.startsWith('.')).map((name) => pathOf(file, name));
}

/** The place of a room or folder in an order; undefined where it has none. */
function rank(order: readonly (readonly string[])[], name: string): number | undefined {
  const at = order.findIndex((line) => line.includes(name));
  return at < 0 ? undefined : at;
}

function placeOf(file: string): { room: string; folder: string } {
  const [room = '', ...rest] = file.split('/');
  if (rest.length === 0) return { room: '.', folder: '.' };
  return { room, folder: rest.length === 1 ? '.' : rest.slice(0, -1).join('/') };
}

/** Why `from` may not import `to`; null where it may. */
function refusal(from: string, to: string): string | null {
  const [a, b] = [placeOf(from), placeOf(to)];
  // The package's own entries stand above everything; what is theirs alone is imported by nothing but hosts and apps.
  if (a.room === '.') return null;
  if (b.room === '.') return a.room === 'hosts' ? null : `${a.room} imports an entry of the package`;
  if (a.room !== b.room) {
    const [own, other] = [rank(ROOMS, a.room) ?? -1, rank(ROOMS, b.room) ?? Number.POSITIVE_INFINITY];
    return other < own ? null : `${a.room} stands below ${b.room}, or beside it`;
  }
  if (a.folder === b.folder) return null;
  if (ACROSS.some((pair) => pair.from === `${a.room}/${a.folder}` && pair.to === `${b.room}/${b.folder}`)) return null;
  const order = FOLDERS[a.room] ?? [];
  const [own, other] = [rank(order, a.folder) ?? -1, rank(order, b.folder) ?? Number.POSITIVE_INFINITY];
  return other < own ? null : `${a.room}/${a.folder} stands below ${b.room}/${b.folder}, or beside it`;
}

test('there is something to look at', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(specifiers('store/commit.ts')).toContain('../base/errors.ts');
  expect(refusal('store/commit.ts', 'streams/deps.ts')).not.toBeNull();
  expect(refusal('feeds/http/feed.ts', 'feeds/mqtt/feed.ts')).not.toBeNull();
});

/** The lines of an order as a table of `src/README.md` has them: `| level | name | … |`, under a head of that word. */
function drawn(head: string): string[][] {
  const [, table = ''] = new RegExp(`\\| level \\| ${head} \\|.*\\n\\|[-| ]+\\n((?:\\|.*\\n)+)`).exec(README) ?? [];
  const lines: string[][] = [];
  for (const [, level = '', name = ''] of table.matchAll(/^\| (\d+) \| \[?`([^`]+)`/gm)) {
    (lines[Number(level) - 1] ??= []).push(name);
  }
  return lines;
}

const sorted = (order: readonly (readonly string[])[]) => order.map((line) => line.toSorted());

test('src/README.md draws these rooms and folders', () => {
  const [drawing = ''] = /^hosts → .*$/m.exec(README) ?? [];
  expect(sorted(drawing.split(' → ').map((line) => line.split(', ')))).toEqual(sorted(ROOMS.toReversed()));
  expect(sorted(drawn('room'))).toEqual(sorted(ROOMS));
  const folders = Object.entries(FOLDERS).flatMap(([room, order]) =>
    order.flatMap((line, at) => line.map((folder) => [`${room}/${folder}`, at])),
  );
  const told = drawn('folder').flatMap((line, at) => line.map((folder) => [folder, at]));
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(folders));
});

test('every file stands in a room and a folder that the order knows', () => {
  const rooms = ROOMS.flat();
  for (const file of files) {
    const { room, folder } = placeOf(file);
    if (room === '.') continue;
    expect(rooms, `src/${room} is not a room`).toContain(room);
    if (FOLDERS[room] || folder !== '.') {
      expect((FOLDERS[room] ?? []).flat(), `src/${room}/${folder} is not a folder of its room`).toContain(folder);
    }
  }
});

test.each(files)('%s imports only what it may', (file) => {
  for (const target of neighbours(file)) expect(refusal(file, target), `${file} imports ${target}`).toBeNull();
  for (const name of (imports.get(file) ?? []).filter((name) => !name.startsWith('.'))) {
    const rule = PACKAGES.find(({ pattern }) => pattern.test(name));
    expect(rule === undefined || rule.only.test(file), `${file} imports ${name}`).toBe(true);
  }
});

/** Who calls is answered at the edges, and the tenants of scheduled work by `tenantsOf`; all else takes them from there. */
const MAY_NAME_PUBLIC = [
  'base/principal.ts',
  'http/authenticate.ts',
  // Whoever starts the process calls, over its standard input or with the commands for tasks.
  'hosts/node/stdio.ts',
  'hosts/cli/commands/tasks-command.ts',
  'hosts/cli/operate/command.ts',
  'hosts/cli/commands/triggers-command.ts',
  // Shows whoever writes an app what its streams get.
  'hosts/cli/init/dev/app-process.ts',
  // A test of an app calls, unless it says who does.
  'hosts/testing/test-app.ts',
];

test('the public principal is named at the edges alone', () => {
  const naming = files.filter((file) => /\bPUBLIC\b|[Tt]enant.*'public'/.test(readFileSync(join(SRC, file), 'utf8')));
  expect(naming.toSorted()).toEqual(MAY_NAME_PUBLIC.toSorted());
});

test('what clients are sent is written by sentJson', () => {
  const direct = /\bResponse\.json\(|\b(text|data|body): JSON\.stringify\(|new Response\(JSON\.stringify\(/;
  const sending = files.filter((file) => /^(mcp|http|tools|calls|deliveries|declare)\//.test(file));
  expect(sending.filter((file) => direct.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
});

/** The files that its comments name, such as `judge.ts` or `store/commit.ts`. */
function namedInComments(text: string): string[] {
  const comments = text.match(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/[^\n]*/g) ?? [];
  return comments
    .flatMap((comment) => comment.match(/[\w./-]+\.ts\b/g) ?? [])
    .map((name) => name.replace(/^[./]+/, ''));
}

test('every file that a comment names is there', () => {
  expect(namedInComments('/** See `a/b.ts`. */\nimport "./c.ts"; // and ../d.ts')).toEqual(['a/b.ts', 'd.ts']);
  const known = ['src', 'test', 'infra'].flatMap((folder) =>
    readdirSync(join(SRC, '..', folder), { recursive: true, encoding: 'utf8' }).map((name) => `/${folder}/${name}`),
  );
  const missing = files.flatMap((file) =>
    namedInComments(readFileSync(join(SRC, file), 'utf8'))
      .filter((name) => !known.some((path) => path.endsWith(`/${name}`)))
      .map((name) => `${file} names ${name}`),
  );
  expect(missing).toEqual([]);
});

test('no import leads back to where it came from, types included', () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const target of neighbours(file)) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) walk(file, []);
  expect(circles).toEqual([]);
});

/** What shows how the package is used imports it as its users do. */
const AS_USERS = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /^(seams\/.+\.ts|examples\/[^/]+\/app\.ts)$/.test(name),
);

test('proofs of seams and examples import nothing of this tree by its path', () => {
  expect(AS_USERS.length).toBeGreaterThan(15);
  const byPath = AS_USERS.filter((name) =>
    /(?:from|import)\W+'[^']*\/src\/|(?:from|import)\W+'\.\.\/\.\.\//.test(
      readFileSync(join(import.meta.dirname, name), 'utf8'),
    ),
  );
  expect(byPath).toEqual([]);
});

/** Their exports are called by the platform, by the names in the deployed functions' handlers; nothing imports them. */
const HANDLERS = /^hosts\/aws\/entry-/;

/** The names that a file declares and exports. What it passes on from another file is declared there. */
function declared(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const kinds = '(?:abstract class|class|(?:async )?function\\*?|const|let|interface|type|enum|namespace)';
  return [...text.matchAll(new RegExp(`^export (?:declare )?${kinds} ([\\w$]+)`, 'gm'))].map(([, name = '']) => name);
}

/** More than a person sees at one look. */
const MOST_FILES = 25;

test('no folder has more files than one look takes in', () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});

test('an exported name stands for one thing in all of src', () => {
  const places = new Map<string, string[]>();
  for (const file of files.filter((name) => !HANDLERS.test(name) && !name.endsWith('.d.ts'))) {
    // The overloads of a function are one thing.
    for (const name of new Set(declared(file))) places.set(name, [...(places.get(name) ?? []), file]);
  }
  expect(places.get('TidegateError')).toEqual(['base/errors.ts']);
  expect([...places].filter(([, standing]) => standing.length > 1)).toEqual([]);
});

test('no docstring stands above another one, where it belongs to nothing', () => {
  const both = /\*\/\s*\n\s*\/\*\*/g;
  const found = files.filter((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    // The first one of a file is about the file.
    return [...text.matchAll(both)].some(({ index }) => text.indexOf('*/') < index);
  });
  expect(found).toEqual([]);
});

/** Whose exports are for users of the package: its entries, and what these pass on whole. */
function isForUsers(file: string): boolean {
  const entries = files.filter((name) => !name.includes('/'));
  const passedOn = entries.flatMap((entry) =>
    [...readFileSync(join(SRC, entry), 'utf8').matchAll(/^export (?:type )?\* from '(.+)'/gm)].map(([, name = '']) =>
      pathOf(entry, name),
    ),
  );
  return [...entries, ...passedOn, 'store/contract/suite.ts', 'hosts/workers/sdk-shims.ts'].includes(file);
}

/** Types that no file imports, but which the compiler writes into the declarations of inferred types in other files. */
const WRITTEN_BY_COMPILER = ['LogEntryType', 'SqliteHealth'];

/** The names that a file takes from others: those in its import clauses, and all but its comments where it imports later. */
function taken(text: string): string[] {
  const clauses = /\bimport\(|\bimport (?:type )?\* as/.test(text)
    ? [text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')]
    : (text.match(/^(?:import (?:type )?(?:[\w$]+, )?|export (?:type )?)\{[^}]*\}/gm) ?? []);
  return clauses.flatMap((clause) => clause.match(/[\w$]+/g) ?? []);
}

test('what a file exports, another file imports', () => {
  expect(taken("import { a, type B as C } from './x.ts';\nconst d = 1;")).toEqual(expect.arrayContaining(['a', 'B']));
  expect(taken("import { a } from './x.ts';\nconst d = 1;")).not.toContain('d');
  expect(taken('export interface A {\n  /** Of B. */\n  c: number;\n}')).toEqual([]);
  const users = new Map<string, Set<string>>();
  for (const folder of ['src', 'test', 'infra']) {
    const root = join(SRC, '..', folder);
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!/\.m?[jt]s$/.test(name)) continue;
      const path = join(root, name);
      for (const word of taken(readFileSync(path, 'utf8'))) users.set(word, (users.get(word) ?? new Set()).add(path));
    }
  }
  const unused = files
    .filter((file) => !isForUsers(file) && !HANDLERS.test(file))
    .flatMap((file) =>
      declared(file)
        .filter((name) => !WRITTEN_BY_COMPILER.includes(name))
        .filter((name) => [...(users.get(name) ?? [])].every((path) => path === join(SRC, file)))
        .map((name) => `${file} exports ${name}`),
    );
  expect(unused).toEqual([]);
});
