/**
 * Each regular expression of `src` against long runs of characters: four times the text may take four times as long, and not sixteen.
 * Who sends a body, a header or a feed writes such texts, and nothing else of the process goes on meanwhile.
 */
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { parseAst } from 'vitest/node';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');
/** What stands between both ends, over and over. */
const RUNS = [
  ' ',
  '\n',
  '0',
  'a',
  '/',
  '=',
  '"',
  "'",
  '-',
  '_',
  '.',
  ',',
  '<',
  'a ',
  'a=',
  '<a',
  'a.',
  '0.',
  ';',
  '&#0',
  '\\',
  '{',
  'a:',
];
const BEGINS = ['', '<a', '1', 'a', '"', '['];
const ENDS = ['\u0001', 'x'];
/** Files whose slow patterns no stranger's text reaches, and why. */
const NOT_REACHED: Readonly<Record<string, string>> = {
  'apis/settings.ts': 'the base URL that the app declares',
  'declare/check/http-tools.ts': 'a path that the app declares',
  'hosts/cli/init/package-name.ts': 'the name of a folder',
  'hosts/cli/deploy/cloudflare-account.ts': 'what wrangler prints',
  'hosts/cli/deploy/edit-toml.ts': "the app's own wrangler.toml",
  'auth/oauth/discovery.ts': 'the issuer that the operator names',
  'hosts/http-host.ts': 'the public URL that the operator names',
  'hosts/node/listening.ts': 'the public URL that the operator names',
  'http/documents/protected-resource.ts': 'the public URL that the operator names',
  'hosts/platforms/cloudflare-names.ts': 'the name of the app',
  'calls/result-answer.ts': 'what btoa made, which ends with two = at most',
  'base/config/config.ts': 'variables of the operator',
  'base/base64url.ts': 'what btoa made, which ends with two = at most',
  'base/time/source-time.ts': 'nine digits of a fraction of a second',
  'base/schema/coerced-numbers.ts': 'a text that Number took for a number',
};

interface Found {
  at: string;
  pattern: RegExp;
}

function patternsIn(file: string): Found[] {
  const found: Found[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null) return;
    const { type, regex } = node as { type?: string; regex?: { pattern: string; flags: string } | null };
    if (type === 'Literal' && regex) found.push({ at: file, pattern: new RegExp(regex.pattern, regex.flags) });
    Object.values(node).forEach(visit);
  };
  visit(parseAst(stripTypeScriptTypes(readFileSync(join(SRC, file), 'utf8'))));
  return found.filter(({ pattern }) => /[+*]|,\}/.test(pattern.source));
}

function msOf(pattern: RegExp, text: string): number {
  pattern.lastIndex = 0;
  const begun = performance.now();
  if (pattern.flags.includes('g')) text.replace(pattern, '');
  else pattern.test(text);
  return performance.now() - begun;
}

/** The text with which the time grows with the square of its length; null: none of those that were tried. */
function slowWith(pattern: RegExp): string | null {
  for (const run of RUNS) {
    for (const begin of BEGINS) {
      for (const end of ENDS) {
        const textOf = (length: number) => begin + run.repeat(Math.floor(length / run.length)) + end;
        if (msOf(pattern, textOf(3_000)) < 2) continue;
        const [short, long] = [3_000, 12_000].map((length) =>
          Math.min(msOf(pattern, textOf(length)), msOf(pattern, textOf(length))),
        );
        if ((long ?? 0) > 20 && (long ?? 0) > 8 * (short ?? 0)) return JSON.stringify([begin, run, end]);
      }
    }
  }
  return null;
}

test('no pattern takes time that grows with the square of a text', { timeout: 120_000 }, () => {
  const all = globSync('**/*.ts', { cwd: SRC }).flatMap(patternsIn);
  const byText = Map.groupBy(all, ({ pattern }) => String(pattern));
  expect(byText.size).toBeGreaterThan(150);
  const slow = [...byText.values()].flatMap((uses) => {
    const reached = uses.filter(({ at }) => NOT_REACHED[at] === undefined);
    const [first] = reached;
    const text = first === undefined ? null : slowWith(first.pattern);
    return text === null ? [] : reached.map(({ at, pattern }) => `${at}: ${String(pattern)} with ${text}`);
  });
  expect(slow).toEqual([]);
});

test('a pattern that does is found', () => {
  expect(slowWith(/\s+$/)).not.toBeNull();
  expect(slowWith(/^\s+/)).toBeNull();
});
