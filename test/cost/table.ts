/** The table of the README: USD a month by how many agents poll, for each way. Pure. */
import type { Measured } from './measured.ts';
import { figure, waysOf } from './ways.ts';
import type { Workload } from './workload.ts';

export const AGENTS = [100, 1_000, 10_000, 100_000, 1_000_000] as const;

/** In Markdown. What exceeds a limit is marked. */
export function tableOf(workload: Workload, measured: Measured): string {
  const columns = AGENTS.map((agents) => waysOf({ ...workload, agents }, measured));
  const names = (columns[0] ?? []).map(({ name }) => name);
  const head = `| agents | ${names.join(' | ')} |\n|${' ---: |'.repeat(names.length + 1)}`;
  const rows = columns.map((ways, at) => {
    const cells = ways.map(({ bill, ends }) => `${figure(bill.usd)}${ends.length > 0 ? ' †' : ''}`);
    return `| ${AGENTS[at]?.toLocaleString('en-US')} | ${cells.join(' | ')} |`;
  });
  return [head, ...rows].join('\n');
}
