/** Records of feeds that a newer release wrote, and how the feeds are, as far as the store has it. It only reads. */
import { feedStatus } from '../../../feeds/records/status.ts';
import { sharedScope } from '../../../streams/scope.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

const BAD = new Set(['open', 'overdue', 'stalled', 'rejecting']);

export const recordsCheck: DoctorCheck = {
  name: 'records',
  mostMs: 20_000,
  async run({ store, app, runtime }) {
    if (store === null || app === null || app.feeds.size === 0) return [];
    const names = [...app.feeds.values()].filter(({ tenants, targets }) => tenants === 'shared' && targets.length > 0);
    const statuses = await feedStatus(
      sharedScope({ app, store, runtime }),
      names.map(({ name }) => name),
    );
    const findings = statuses.flatMap(({ feed, state, lastError, counts }): DoctorFinding[] => {
      if (state === 'unread') {
        return [
          {
            status: 'fail',
            what: `the record of the feed ${feed} was written by a newer release`,
            why: lastError?.message ?? 'this one leaves it alone',
            fix: 'run the release that wrote it, or a newer one',
          },
        ];
      }
      if (BAD.has(state)) {
        const why = lastError === null ? {} : { why: lastError.message };
        return [
          {
            status: 'warn',
            what: `the feed ${feed} ${state === 'open' ? 'failed too often and rests' : `is ${state}`}`,
            ...why,
          },
        ];
      }
      if (counts.deadLetters === 0) return [];
      return [
        { status: 'ok', what: `the feed ${feed} has brought ${counts.deadLetters} dead letters since it first ran` },
      ];
    });
    if (findings.some(({ status }) => status !== 'ok')) return findings;
    return [...findings, { status: 'ok', what: `${statuses.length} records of feeds can be read` }];
  },
};
