/**
 * `npm run soak [minutes] [operate]`: the full form of the soak, 60 minutes by default. With `operate` an operator works on the server
 * meanwhile, in place of the faults.
 */
import { phases, soakVerdict } from './verdict.ts';
import { OPERATIONS } from './operations.ts';
import { soakRun } from './soak.ts';

const minutes = Number(process.argv[2] ?? 60);
if (!(minutes > 0)) {
  console.error('npm run soak [minutes] [operate]');
  process.exit(2);
}
const started = performance.now();
const tell = (line: string) => {
  console.log(`${((performance.now() - started) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
};
const report = await soakRun({
  seconds: minutes * 60,
  tell,
  ...(process.argv[3] === 'operate' ? { faults: OPERATIONS } : {}),
});
const { outcomes, samples, streams, tasks } = report;
const took = outcomes.took.toSorted((a, b) => a - b);
const { early, late } = phases(samples);
console.log({
  capacity: Math.round(report.capacity),
  answered: outcomes.ok,
  toldToComeAgain: outcomes.busy,
  cut: outcomes.away,
  p50Ms: Math.round(took[Math.floor(took.length / 2)] ?? 0),
  p99Ms: Math.round(took[Math.floor(took.length * 0.99)] ?? 0),
  faults: report.faults,
  streams,
  tasks,
  early,
  late,
  peakMiB: Math.round(Math.max(...samples.map(({ rssMiB }) => rssMiB))),
});
const wrong = soakVerdict(report);
for (const line of wrong) console.log(line);
console.log(`\n${wrong.length === 0 ? 1 : 0} passed, ${wrong.length} failed`);
process.exitCode = wrong.length === 0 ? 0 : 1;
