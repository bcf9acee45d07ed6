/** What `npm start` says to a person: where the endpoint is, how to connect a client, and how the streams fill. */
import type { AuthConfig, AuthMode } from '../../../base/config/auth.ts';
import type { App } from '../../../declare/app.ts';
import type { FeedReport } from '../../../feeds/run/run-feed.ts';
import type { IngestReport } from '../../../feeds/run/run.ts';

/**
 * @param notes lines about what else was started, e.g. a simulated plant
 * @param file the app's file, where it is not the built-in one
 * @param auth how callers are known; default: everyone may call
 */
export function welcome(
  app: App,
  url: string,
  store: string,
  notes: readonly string[],
  file: string | null,
  { modes, saidNone }: Pick<AuthConfig, 'modes' | 'saidNone'> = { modes: [], saidNone: false },
): string {
  const mcp = `${url}/mcp`;
  const name = app.name;
  const isKeyed = modes.includes('keys');
  const header = isKeyed ? ` --header "${HEADER}: ${VALUE}"` : '';
  const server = { name, type: 'http', url: mcp, ...(isKeyed ? { headers: { [HEADER]: VALUE } } : {}) };
  const from = file === null ? '' : ` --app ${file}`;
  return [
    `${app.title} ${app.version} serves MCP at ${mcp}`,
    [`  store: ${store}`, ...PARTS.flatMap((part) => named(part, app[part]))].join('; '),
    ...notes.map((note) => `  ${note}`),
    ...(saidNone ? ['  everyone who reaches it may call: AUTH is none'] : []),
    ...(modes.length === 0 ? [] : [`  callers bring ${modes.map((mode) => BROUGHT[mode]).join(' or ')}`]),
    ...(isKeyed ? [`  a key is made by npx tidegate keys create --name NAME${from}`] : []),
    '',
    'Connect a client:',
    `  Claude Code   claude mcp add --transport http ${name} ${mcp}${header}`,
    `  VS Code       code --add-mcp '${JSON.stringify(server)}'`,
    `  Inspector     npx @modelcontextprotocol/inspector@2 --cli ${mcp}${header} --method tools/list`,
    `  stdio         npx tidegate stdio${from}`,
    '',
    `Ctrl-C ends it.${app.feeds.size === 0 ? '' : ' The streams, as they fill:'}`,
  ].join('\n');
}

const HEADER = 'Authorization';
const VALUE = 'Bearer tg_…';
const BROUGHT: Record<AuthMode, string> = { keys: 'a key', oauth: 'a token of the issuer' };

const PARTS = ['streams', 'tools', 'tasks', 'resources', 'prompts'] as const;

function named(part: string, things: ReadonlyMap<string, unknown>): string[] {
  return things.size === 0 ? [] : [`${part}: ${[...things.keys()].join(', ')}`];
}

const SUMMARY_EVERY_MS = 30_000;

interface Shown {
  state: string;
  events: number;
  rejecting: boolean;
}

/**
 * Turns reports into lines: one when a feed first brings events and when its state changes, and every half minute one with
 * all of them.
 */
export function createFeedLines(now: () => number): (report: IngestReport) => string[] {
  const shown = new Map<string, Shown>();
  let summaryAt = now() + SUMMARY_EVERY_MS;
  return ({ feeds }) => {
    const lines: string[] = [];
    for (const report of feeds) {
      if (report.outcome === 'leased' && !shown.has(report.feed)) {
        shown.set(report.feed, { state: 'leased', events: 0, rejecting: false });
        lines.push(leasedLine(report, now()));
      }
      const tells = report.outcome === 'pulled' || report.outcome === 'failed' || report.events + report.rejected > 0;
      if (!tells) continue;
      const before = shown.get(report.feed) ?? { state: '', events: 0, rejecting: false };
      const after = { state: report.state, events: before.events + report.events, rejecting: report.rejected > 0 };
      shown.set(report.feed, after);
      const first = before.events === 0 && after.events > 0;
      const refusing = before.state !== '' && !before.rejecting && report.rejected > 0;
      if (first || refusing || before.state !== after.state) lines.push(lineOf(report, after.events));
    }
    if (shown.size > 0 && now() >= summaryAt) {
      summaryAt = now() + SUMMARY_EVERY_MS;
      lines.push(`  ${[...shown].map(([feed, { state, events }]) => `${feed} ${state}, ${events} new`).join('; ')}`);
    }
    return lines;
  };
}

function lineOf(report: FeedReport, events: number): string {
  const why = report.error === null ? '' : `: ${report.error.message}`;
  const rejected = report.rejected === 0 ? '' : `, ${report.rejected} rejected (see feed://${report.feed})`;
  return `  ${report.feed.padEnd(12)} ${report.state.padEnd(12)} ${String(events).padStart(6)} new events${rejected}${why}`;
}

/** A process that was killed keeps its feeds until its lease is over. */
function leasedLine({ feed, nextAt }: FeedReport, now: number): string {
  const seconds = Math.max(1, Math.ceil((nextAt - now) / 1_000));
  return `  ${feed.padEnd(12)} leased       by another process, which has to renew it within ${seconds} s; if it is gone, this one goes on then`;
}
