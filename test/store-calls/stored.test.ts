/** What the store's README says is stored: the names that stand in each engine behind an app, and the numbers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  BURST_DEAD_LETTERS,
  DEAD_LETTER_AGE_MS,
  ITEM_BYTES,
  KEPT_DEAD_LETTERS,
} from '../../src/feeds/records/dead-letters.ts';
import { MOST_RESULT_PAGES } from '../../src/calls/results.ts';
import { RESULT_PAGE_BYTES } from '../../src/calls/result-pages.ts';
import { REPLAY_BYTES } from '../../src/feeds/records/replay.ts';
import { MOST_STATE_BYTES } from '../../src/feeds/records/sampling.ts';
import { POSITION_BYTES } from '../../src/feeds/run/taker.ts';
import { KEPT_BYTES } from '../../src/apis/kept-answers.ts';
import { quotasSpec } from '../../src/declare/spec/app.ts';
import { cacheSpec } from '../../src/declare/spec/http-tool.ts';
import { defaultOf } from '../../src/declare/spec/options.ts';
import * as limits from '../../src/store/limits.ts';
import { EVENT_BYTES } from '../../src/streams/log/validate-event.ts';
import { LATEST_AGE_MS } from '../../src/streams/log/latest.ts';
import { requireService } from '../services/available.ts';
import { type Engine, type RunningEngine, startEngine } from '../services/engine.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';
import { APP, drive, dynamoNames, redisNames, sqliteNames } from './stored-keys.ts';

const readmeOf = (room: string) => readFileSync(join(import.meta.dirname, `../../src/${room}/README.md`), 'utf8');
const [, section = ''] = /## What is stored\n([\s\S]*)/.exec(readmeOf('store')) ?? [];
/** The tables of the section: rows of cells, without their heads. */
const [kept = [], engines = []] = section
  .split(/\n(?!\|)/)
  .map((block) => block.split('\n').filter((line) => line.startsWith('| ')))
  .filter((lines) => lines.length > 2)
  .map((lines) =>
    lines.slice(2).map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  );

/** What stands between backquotes, a pair of them joined by ` + ` as one. */
function spans(cell: string): string[] {
  const joined = cell.replaceAll('` + `', ' + ').replace(/^(record `[^`]+)`, `/, '$1 ');
  return [...joined.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
}

/** `<app>` is the app, `<place>` and `<bytes>` are numbers, and any other `<name>` is a text. */
function patternOf(span: string): RegExp {
  const escaped = span.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const filled = escaped
    .replaceAll('<app>', APP)
    .replaceAll('<place>', '\\d{16}')
    .replaceAll('<bytes>', '\\d+')
    .replace(/<\w+>/g, '.+');
  return new RegExp(`^${filled}$`);
}

/** Each name that was found is of one of these, and each of these was found. */
function expectExactly(found: readonly string[], told: readonly string[]): void {
  const patterns = told.map(patternOf);
  expect(told.length).toBeGreaterThan(0);
  expect(found.filter((name) => !patterns.some((pattern) => pattern.test(name)))).toEqual([]);
  expect(told.filter((_, index) => !found.some((name) => patterns[index]?.test(name)))).toEqual([]);
}

/** What the README says of an engine, without what it says is not used. */
function toldOf(column: 1 | 2 | 3, belongs: (span: string) => boolean): string[] {
  const rows = engines.filter(([what = '']) => !what.includes('not used yet'));
  return [...new Set(rows.flatMap((row) => spans(row[column] ?? '')))].filter(belongs);
}

const limit = { timeout: 60_000 };

async function onEngine(engine: Engine, work: (running: RunningEngine) => Promise<void> | void): Promise<void> {
  const running = await startEngine(engine);
  try {
    await drive(running);
    await work(running);
  } finally {
    await running.stop();
  }
}

describe('what stands in an engine is what the README says', () => {
  test('the names of records and logs, and the tables of sqlite', limit, () =>
    onEngine('sqlite', (running) => {
      const { tables, records, logs } = sqliteNames(running);
      const names = kept.flatMap(([, name = '']) => [name]);
      const of = (kind: string) => names.filter((name) => name.startsWith(kind)).flatMap(spans);
      expectExactly(records, of('record'));
      expectExactly(logs, of('log'));
      expectExactly(
        tables,
        toldOf(1, () => true),
      );
    }),
  );

  test.skipIf(!requireService('redis'))('the keys of redis (needs redis-server)', limit, async () => {
    const redis = await startRedis();
    const front = await startUpstash(redis.url);
    try {
      const environment = { STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
      await drive({ environment, stop: () => Promise.resolve() });
      expectExactly(
        await redisNames(redis.url),
        toldOf(2, (span) => span.startsWith('{<app>}')),
      );
    } finally {
      await front.stop();
      await redis.stop();
    }
  });

  test.skipIf(!requireService('dynamodb'))('the items of dynamodb (needs java)', limit, () =>
    onEngine('dynamodb', async (running) => {
      expectExactly(
        await dynamoNames(running),
        toldOf(3, (span) => span.startsWith('<app>#')),
      );
    }),
  );
});

const DAY_MS = 86_400_000;
const number = (value: number) => value.toLocaleString('en');
const kib = (bytes: number) => `${bytes / 1024} KiB`;

test('the numbers are those of the code', () => {
  const [events = '', deadLetters = '', latest = '', , feed = ''] = kept.map((row) => row.join(' | '));
  expect(events).toContain(`${kib(EVENT_BYTES)} an event`);
  expect(deadLetters).toContain(`newest ${number(KEPT_DEAD_LETTERS)}, for ${DEAD_LETTER_AGE_MS / DAY_MS} days`);
  expect(deadLetters).toContain(`${kib(ITEM_BYTES)} of an item; ${number(BURST_DEAD_LETTERS)} a burst`);
  expect(latest).toContain(`${LATEST_AGE_MS / DAY_MS} days`);
  expect(feed).toContain(
    `${kib(POSITION_BYTES)} of position, ${kib(REPLAY_BYTES)} of reading, ${kib(MOST_STATE_BYTES)}`,
  );
  expect(section).toContain(`${RESULT_PAGE_BYTES / 1_000} KB each, ${MOST_RESULT_PAGES} of an answer`);
  expect(readmeOf('calls')).toContain(
    `${MOST_RESULT_PAGES} pages an answer, and ${number(defaultOf(quotasSpec.shape.results))} bytes of them for a principal`,
  );
  expect(section).toContain(`${kib(KEPT_BYTES)}; ${number(defaultOf(cacheSpec.shape.entries))} of a tool`);
  expect(section).toContain(`up to ${limits.SEGMENT_ENTRIES} entries or ${kib(limits.SEGMENT_BYTES)} each`);
  expect(section).toContain(`rows of \`commits\`, ${limits.COMMIT_MEMORY_MS / 60_000} minutes`);
  expect(section).toContain(`removed ${limits.GARBAGE_AFTER_MS / 3_600_000} hours later`);
  expect(section).toContain(`above ${number(limits.RECORD_BYTES)} bytes`);
  expect(section).toContain(`${limits.COMMIT_OPERATIONS} operations and ${limits.COMMIT_BYTES / 1e6} MB`);
});
