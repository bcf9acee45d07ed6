/**
 * `npm run flood -- [--workerd] [seconds] [connections] [kind ...]`: floods a server with connections that mean harm, beside 20
 * clients that do not. By default a server on Node, and 1,000 connections of eight kinds for 60 s.
 */
import { flood, type FloodReport } from './flood.ts';
import { EIGHT } from './hostile.ts';
import { floodVerdict, percentile } from './verdict.ts';

const given = process.argv.slice(2);
const host = given.includes('--workerd') ? 'workerd' : 'node';
const [seconds = '60', connections = '1000', ...kinds] = given.filter((argument) => argument !== '--workerd');
const chosen = kinds.length > 0 ? kinds : EIGHT;
console.log(`${host}: ${connections} connections of ${chosen.join(', ')} for ${seconds} s`);
const report = await flood({
  host,
  kinds: chosen,
  connections: Number(connections),
  good: 20,
  seconds: Number(seconds),
});
print(report);
const wrong = floodVerdict(report, Number(seconds), host === 'node');
for (const each of wrong) console.log(`- ${each}`);
console.log(wrong.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
process.exitCode = wrong.length === 0 ? 0 : 1;

function print({ asked, closed, rssMiB, ended, log }: FloodReport): void {
  const names = ['all', ...new Set(asked.map(({ question }) => question))];
  for (const name of names) {
    const those = asked.filter(({ question }) => name === 'all' || question === name);
    const at = (share: number) =>
      `${percentile(
        those.map(({ ms }) => ms),
        share,
      ).toFixed(0)} ms`;
    const statuses = Object.entries(Object.groupBy(those, ({ status }) => String(status)));
    const counts = statuses.map(([status, each]) => `${status}: ${each?.length ?? 0}`).join(', ');
    console.log(`${name.padEnd(14)} p50 ${at(0.5)}, p99 ${at(0.99)}, slowest ${at(1)}; ${counts}`);
  }
  console.log(`the server: ${rssMiB} MiB at most, ${closed} hostile connections closed, ended: ${ended ?? 'no'}`);
  if (log !== '') console.log(log);
}
