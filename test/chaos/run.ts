/** `npm run chaos [kills] [seed]`: the full form of the kill runs, by default 100 kills on each engine. */
import { killRun } from './kill-run.ts';
import type { Engine } from './stage.ts';
import { verdict } from './verdict.ts';

const kills = Number(process.argv[2] ?? 100);
const seed = Number(process.argv[3] ?? 1);
let passed = 0;
let failed = 0;
for (const engine of ['sqlite', 'redis'] satisfies Engine[]) {
  for (const workers of [1, 2]) {
    const started = performance.now();
    const report = await killRun({ engine, seed: seed + workers, kills: Math.ceil(kills / 2), workers });
    const wrong = verdict(report);
    const seconds = ((performance.now() - started) / 1_000).toFixed(0);
    const doubled = report.found.messages.length - report.given;
    console.log(
      `${engine}, ${workers} worker(s): ${report.kills} kills, ${report.inBurst} in a burst, ${report.given} items of each kind, ` +
        `${doubled} MQTT messages again, ${seconds} s: ${wrong.length === 0 ? 'all promises held' : wrong.join('; ')}`,
    );
    if (wrong.length === 0) passed += 1;
    else failed += 1;
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
