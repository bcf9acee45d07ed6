/** A server that sends faster than it is stored: memory stays bounded, the server is slowed down, the policy is obeyed. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { flood, startSocketSource } from '../../services/websocket-feed.ts';

const TOTAL_MESSAGES = 400_000;
const PAD = 'x'.repeat(1_000);
const MEGABYTE = 1024 * 1024;

interface Report {
  events: number;
  dropped: number;
  deadLetters: number;
  outcome: string;
  bytes: number;
  grewBy: number;
}

test.each(['drop-oldest', 'drop-newest', 'dead-letter'])(
  '400 MB at once, %s: a process with 64 MB of heap takes its budget, and holds the server back',
  async (overflow) => {
    await using source = await startSocketSource();
    const sent: (() => number)[] = [];
    source.on('/flood', (peer) => sent.push(flood(peer, (n) => JSON.stringify({ n, pad: PAD }), TOTAL_MESSAGES)));
    const script = join(import.meta.dirname, 'flood-process.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--max-old-space-size=64',
      script,
      `${source.origin}/flood`,
      overflow,
    ]);
    const report = JSON.parse(stdout) as Report;
    expect(report.outcome).toBe('pulled');
    // The budget's two megabytes, and no more than a message beyond.
    expect(report.events * 1_010).toBeGreaterThan(1.9 * MEGABYTE);
    expect(report.events * 1_010).toBeLessThan(2.1 * MEGABYTE);
    // What waited when the budget was spent is no more than was held: the server was slowed down before. On a busy machine
    // the server may be the slower one, and then nothing waited.
    const lost = report.dropped + report.deadLetters;
    expect(lost).toBeLessThan(3_000);
    expect(report.events + lost).toBeLessThanOrEqual(sent[0]?.() ?? 0);
    expect(report.deadLetters > 0).toBe(overflow === 'dead-letter' && lost > 0);
    expect(report.grewBy).toBeLessThan(120 * MEGABYTE);
    expect(sent[0]?.()).toBeLessThan(TOTAL_MESSAGES / 8);
  },
  40_000,
);
