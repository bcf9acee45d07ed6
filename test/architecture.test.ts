/** The directions of import, and who alone may import what. The rules are those that keep a Worker small and the store replaceable. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** A room may import from itself and from those that its line names. */
const ROOMS: Record<string, readonly string[]> = {
  core: [],
  store: ['core'],
  streams: ['core', 'store'],
  ingest: ['core', 'store', 'streams'],
  tasks: ['core', 'store', 'streams'],
  mcp: ['core', 'store', 'streams', 'ingest', 'tasks'],
  http: ['core', 'store', 'streams', 'ingest', 'tasks', 'mcp'],
  entry: ['core', 'store', 'streams', 'ingest', 'tasks', 'mcp', 'http', '.'],
  '.': ['core', 'store', 'streams', 'ingest', 'tasks', 'mcp', 'http'],
};

/** Packages that only some files may import. Everything else in `dependencies` is free. */
const PACKAGES: readonly { pattern: RegExp; only: RegExp }[] = [
  { pattern: /^@upstash\/redis/, only: /^store\/redis/ },
  { pattern: /^@aws-sdk\//, only: /^store\/dynamodb/ },
  { pattern: /^@modelcontextprotocol\//, only: /^mcp\// },
  { pattern: /^mqtt-packet/, only: /^ingest\/mqtt/ },
  { pattern: /^(csv-parse|feedsmith|eventsource-parser)/, only: /^ingest\/(csv-rows|rss-entries|sse-events)/ },
  { pattern: /^aedes/, only: /^entry\// },
  { pattern: /^hono|^@hono\//, only: /^(http|entry)\// },
  { pattern: /^node:sqlite$/, only: /^store\/sqlite/ },
  { pattern: /^node:(?!sqlite$)/, only: /^(entry|store\/sqlite)/ },
  { pattern: /^cloudflare:/, only: /^entry\// },
];

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '.');

test('there is something to look at', () => {
  expect(files.length).toBeGreaterThan(10);
  expect(imports(join(SRC, 'store/commit.ts'))).toContain('../core/errors.ts');
});

test.each(files)('%s imports only what its room may', (file) => {
  const room = roomOf(file);
  const may = ROOMS[room];
  expect(may, `src/${room} is not a room of the design`).toBeDefined();
  for (const target of imports(join(SRC, file))) {
    if (target.startsWith('.')) {
      const other = roomOf(relative(SRC, resolve(dirname(join(SRC, file)), target)));
      expect(other === room || may?.includes(other), `${file} imports ${target}`).toBe(true);
    } else {
      const rule = PACKAGES.find(({ pattern }) => pattern.test(target));
      expect(rule === undefined || rule.only.test(file), `${file} imports ${target}`).toBe(true);
    }
  }
});
