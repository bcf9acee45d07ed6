/** Whether this machine's clock is that of others: the store's engine, servers that dated their answers, and what the store has seen. */
import { sureTime } from '../../../store/clock-seen.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

/** Leases and tokens bear this much, ms. */
const BORNE_MS = 5_000;

export const clockCheck: DoctorCheck = {
  name: 'clock',
  mostMs: 10_000,
  async run({ clocks, store, runtime }) {
    const findings: DoctorFinding[] = [];
    for (const [where, aheadMs] of clocks) {
      if (Math.abs(aheadMs) <= BORNE_MS) continue;
      const seconds = Math.round(Math.abs(aheadMs) / 1_000);
      findings.push({
        status: 'fail',
        what: `this clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of ${where}`,
        why: `leases and tokens bear ${BORNE_MS / 1_000} s`,
        fix: 'synchronize this machine by NTP',
      });
    }
    if (store !== null) {
      const leapMs = runtime.now() - (await sureTime({ store, runtime }));
      if (leapMs > 0) {
        findings.push({
          status: 'warn',
          what: `the store last saw a clock ${Math.round(leapMs / 60_000)} min ago`,
          why: 'nothing ran meanwhile, or this clock leapt: nothing is removed by its age for ten minutes',
        });
      }
    }
    if (findings.length > 0) return findings;
    if (clocks.size === 0) return [{ status: 'skip', what: 'nothing that was asked tells its time' }];
    return [{ status: 'ok', what: `as that of ${[...clocks.keys()].join(', ')}, to within ${BORNE_MS / 1_000} s` }];
  },
};
