/**
 * Reads the cases of other feed parsers and counts what is as they expect: `node test/corpora/rss.ts feedparser <folder>`,
 * `gofeed <folder>` or `miniflux <folder>`, with a checkout of their repository. Nothing of them is part of this one.
 * `--show` prints each difference. Files whose entries got lost without an error make it fail.
 */
import { decodeXml } from '../../src/feeds/rss/charset.ts';
import { readRss } from '../../src/feeds/rss/read.ts';
import type { RssEntry } from '../../src/feeds/rss/entry.ts';
import { feedparserCases } from './feedparser.ts';
import { gofeedCases } from './gofeed.ts';
import { minifluxCases } from './miniflux.ts';

export interface Check {
  field: string;
  expected: string | null;
  found: (entries: readonly RssEntry[]) => string | null;
}

export interface Case {
  name: string;
  bytes: Uint8Array;
  url: string | null;
  headers: Headers;
  text: string;
  checks: readonly Check[];
}

const CORPORA = { feedparser: feedparserCases, gofeed: gofeedCases, miniflux: minifluxCases };

/** Entries that a document seems to hold, without comments and character data. */
function seemingEntries(text: string): number {
  const bare = text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  return bare.match(/<(?:[\w-]+:)?(?:item|entry)(?=[\s/>])/gi)?.length ?? 0;
}

function readCase({ bytes, headers, url }: Case): { entries: RssEntry[]; error: string | null } {
  const answered = /charset\s*=\s*["']?([^\s;"']+)/i.exec(headers.get('content-type') ?? '')?.[1] ?? null;
  try {
    return { entries: readRss(decodeXml(bytes, { declared: null, answered }), url), error: null };
  } catch (error) {
    return { entries: [], error: error instanceof Error ? error.message : String(error) };
  }
}

function main([corpus = '', folder = '', flag]: readonly string[]): void {
  const casesOf = CORPORA[corpus as keyof typeof CORPORA];
  if (casesOf === undefined || folder === '') throw new Error('expected: feedparser, gofeed or miniflux, and a folder');
  const count = { files: 0, refused: 0, lost: 0, checks: 0, right: 0 };
  for (const one of casesOf(folder)) {
    count.files += 1;
    const { entries, error } = readCase(one);
    const expected = seemingEntries(one.text);
    if (error !== null) {
      count.refused += 1;
      if (expected > 0) console.log(`refused ${one.name}: ${error}`);
    } else if (entries.length < expected) {
      count.lost += 1;
      console.log(`lost ${one.name}: ${entries.length} of ${expected}`);
    }
    for (const check of one.checks) {
      count.checks += 1;
      const found = check.found(entries);
      if (found === check.expected) count.right += 1;
      else if (flag === '--show')
        console.log(`${one.name} ${check.field}: ${JSON.stringify({ expected: check.expected, found })}`);
    }
  }
  const { files, refused, lost, checks, right } = count;
  const share = ((100 * right) / checks).toFixed(1);
  console.log(
    `${corpus}: ${right} of ${checks} expectations (${share} %), ${files} files, ${refused} refused, ${lost} with entries lost`,
  );
  process.exitCode = lost > 0 ? 1 : 0;
}

main(process.argv.slice(2));
