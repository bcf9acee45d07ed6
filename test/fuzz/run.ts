/**
 * `npm run fuzz -- [rounds] [seed] [--auth | --oracle]`: by default 1,000,000 wrong requests of a seed of its own, which it tells.
 * With `--auth` the server asks who calls. With `--oracle` each request goes to the SDK as well, and the answers have to be equal.
 */
import { compareWithSdk } from './oracle.ts';
import { fuzzRun } from './fuzz-run.ts';
import { fuzzVerdict } from './fuzz-verdict.ts';

const asks = process.argv.includes('--auth');
const [given = 1_000_000, chosen = Date.now() % 1_000_000] = process.argv
  .slice(2)
  .filter((each) => !each.startsWith('--'));
const rounds = Number(given);
const seed = Number(chosen);
const begun = performance.now();
const seconds = () => (performance.now() - begun) / 1_000;
console.log(`${rounds} requests, seed ${seed}`);
if (process.argv.includes('--oracle')) {
  const { differences, plain, results, skipped, streams } = await compareWithSdk(rounds, seed);
  for (const each of differences) console.log(`- ${each}`);
  console.log(
    `${plain} answered without the SDK, ${results} results, ${streams} streams, ${skipped} skipped, ${seconds().toFixed(0)} s`,
  );
  console.log(differences.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exit(differences.length === 0 ? 0 : 1);
}
const report = await fuzzRun({
  rounds,
  seed,
  asks,
  tell: (sent) => console.log(`${sent} sent, ${seconds().toFixed(0)} s`),
});
const statuses = [...report.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
console.log(`answers by status: ${statuses.join(', ')}`);
const mebibytes = (heap: readonly number[]) => heap.map((bytes) => (bytes / 1_048_576).toFixed(1)).join(' ');
console.log(`heap at each tenth, MiB: ${mebibytes(report.held)}`);
console.log(`the same once all that was stored has ended: ${mebibytes(report.heap)}`);
console.log(`${(rounds / seconds()).toFixed(0)} requests/s; the slowest answer took ${report.slowestMs.toFixed(0)} ms`);
const wrong = fuzzVerdict(report);
for (const each of wrong) console.log(`- ${each}`);
console.log(wrong.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
process.exitCode = wrong.length === 0 ? 0 : 1;
