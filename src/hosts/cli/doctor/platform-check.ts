/** What the app needs against what the platform has: secrets and bindings, the time and the requests of a burst, what feeds lose there. */
import type { App } from '../../../declare/app.ts';
import { appNeeds } from '../../platforms/app-needs.ts';
import { REQUEST_SECONDS, timeMistakes } from '../../platforms/aws-checks.ts';
import { checkWorkerFeeds } from '../../platforms/cloudflare-checks.ts';
import type { DoctorCheck, DoctorFinding, PlatformName } from './finding.ts';

/** What one scheduled call may take, ms, and how many requests an invocation may send. Null: as many as it takes. */
const LIMITS: Record<PlatformName, { burstMs: number; requests: { most: number; plan: string } | null }> = {
  node: { burstMs: Number.POSITIVE_INFINITY, requests: null },
  workers: {
    burstMs: 50_000,
    requests: { most: 50, plan: 'the free plan of Workers allows 50, the paid one 1,000 or more' },
  },
  lambda: { burstMs: 50_000, requests: null },
};
/** Feeds that are pulled at once. */
const AT_ONCE = 4;

export const platformCheck: DoctorCheck = {
  name: 'platform',
  mostMs: 5_000,
  async run({ app, platform }) {
    if (app === null) return [{ status: 'skip', what: 'not looked at: first mend what stands above' }];
    const findings = [
      ...ofFeeds(app, platform),
      ...ofTools(app, platform),
      ...ofLosses(app, platform),
      ...ofTime(app, platform),
      ...ofRequests(app, platform),
    ];
    const { schedule, queue } = appNeeds(app);
    if (platform !== 'node') {
      const needed = [
        ...(schedule ? ['a schedule each minute'] : []),
        ...(queue ? ['a queue, without which tasks and deliveries wait for the schedule'] : []),
      ];
      if (needed.length > 0) findings.push({ status: 'ok', what: `on ${platform} it needs ${needed.join(', and ')}` });
      findings.push({ status: 'skip', what: 'the size of the bundle: tidegate deploy --dry-run measures it' });
    }
    return findings.length > 0
      ? findings
      : [{ status: 'ok', what: `on ${platform} nothing of the app is over a limit` }];
  },
};

/** What a deployment refuses, before there is one. */
function ofFeeds(app: App, platform: PlatformName): DoctorFinding[] {
  if (platform !== 'workers') return [];
  const wrong = checkWorkerFeeds(appNeeds(app)).filter(({ level }) => level === 'error');
  return wrong.map(({ field, message, fix }) => ({ status: 'fail', what: `${field}: ${message}`, fix }));
}

/** What the construct refuses unless `requestSeconds` is raised, which `doctor` does not see. */
function ofTools(app: App, platform: PlatformName): DoctorFinding[] {
  if (platform !== 'lambda') return [];
  return timeMistakes(app, REQUEST_SECONDS).map(({ field, expected, hint }) => ({
    status: 'warn',
    what: `${field}: expected ${expected}`,
    why: 'tidegate deploy aws refuses it where nothing else is set',
    fix: hint,
  }));
}

function ofLosses(app: App, platform: PlatformName): DoctorFinding[] {
  const { losing } = appNeeds(app);
  return losing.flatMap(({ feed, what, fix, handed }): DoctorFinding[] => {
    if (handed && platform === 'lambda') return [];
    if (handed || platform !== 'node') return [{ status: 'warn', what: `the feed ${feed}: ${what}`, fix }];
    const held = `the feed ${feed} loses nothing while the connection is held; while the server is down: ${what}`;
    return [{ status: 'ok', what: held }];
  });
}

/** Feeds that are due at once take turns, so the longest come one after another in the worst case. */
function ofTime(app: App, platform: PlatformName): DoctorFinding[] {
  const { burstMs } = LIMITS[platform];
  const times = pulledFeeds(app).map(({ budget }) => budget.timeMs);
  const most = times.reduce((sum, ms) => sum + ms, 0) / Math.min(AT_ONCE, Math.max(1, times.length));
  if (most <= burstMs) return [];
  return [
    {
      status: 'warn',
      what: `${times.length} feeds may take ${Math.round(most / 1_000)} s where all use up their time, and a scheduled call ends after ${burstMs / 1_000} s`,
      why: 'those that come last wait for the next minute',
      fix: 'declare shorter budgets: budget.timeMs',
    },
  ];
}

/** A burst makes up to 3 + n/100 + 2k/90 commits, of which n is known. */
function ofRequests(app: App, platform: PlatformName): DoctorFinding[] {
  const { requests } = LIMITS[platform];
  if (requests === null) return [];
  const most = pulledFeeds(app).reduce((sum, { budget }) => sum + 5 + Math.ceil(budget.events / 100), 0);
  if (most <= requests.most) return [];
  return [
    {
      status: 'warn',
      what: `bursts that use up their budgets send about ${most} requests to the store in one invocation`,
      why: requests.plan,
      fix: 'declare smaller budgets: budget.events',
    },
  ];
}

const pulledFeeds = (app: App) => [...app.feeds.values()].filter(({ targets }) => targets.length > 0);
