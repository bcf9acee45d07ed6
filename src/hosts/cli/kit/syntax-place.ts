/**
 * Where JavaScript cannot be parsed. The error that an import rejects with names no file, so the files that the app imports by their
 * paths are checked one by one, as `node --check` does: it parses, and runs nothing of them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, resolve } from 'node:path';

/** Each file takes about 50 ms. */
const MOST_FILES = 100;
const LONGEST_MS = 10_000;
const IMPORTED = /(?:\bfrom|\bimport)\s*\(?\s*(["'])(\.{1,2}\/[^"'\n]+)\1/g;

/** `file:line`; null where all of these files can be parsed, such as where a package cannot. */
export function syntaxPlace(app: string): string | null {
  const files = new Set([resolve(app)]);
  for (const file of files) {
    if (!existsSync(file) || !statSync(file).isFile()) continue;
    const text = readFileSync(file, 'utf8');
    const line = brokenLine(file, text);
    if (line !== null) return `${file}:${line}`;
    for (const [, , path = ''] of text.matchAll(IMPORTED)) {
      if (files.size < MOST_FILES) files.add(resolve(dirname(file), path));
    }
  }
  return null;
}

function brokenLine(file: string, text: string): number | null {
  if (/\.[cm]?ts$/.test(file)) return checkedLine(['--input-type=module', '--check', '-'], strippedTypes(text));
  return /\.[cm]?js$/.test(file) ? checkedLine(['--check', file], null) : null;
}

/** Lines stay where they are. What has other mistakes is left alone: Node tells their place itself. */
function strippedTypes(text: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return '';
  }
}

function checkedLine(args: readonly string[], input: string | null): number | null {
  const { stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    input: input ?? '',
    timeout: LONGEST_MS,
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
  });
  const said = stderr ?? '';
  if (!/^SyntaxError: /m.test(said)) return null;
  return placeIn(said);
}

/** Node writes `path:line`, a URL in place of the path, or `[stdin]:line`, on a line of its own. */
function placeIn(said: string): number | null {
  for (const each of said.split('\n')) {
    const at = each.lastIndexOf(':');
    if (/^\d+$/.test(each.slice(at + 1)) && /[\\/[]/.test(each.slice(0, at))) return Number(each.slice(at + 1));
  }
  return null;
}
