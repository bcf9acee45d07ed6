/** What is told of the items of a feed that was tried: whether they are events of their streams, and what of them would be dead letters. Pure. */
import type { DeclaredFeed, FeedItem } from '../../../declare/feed.ts';
import type { JudgedItem } from '../../../feeds/run/judge-items.ts';
import { ago } from '../../../operate/table.ts';
import type { SeenSource } from './feed-context.ts';
import type { DoctorFinding } from './finding.ts';

const SHOWN = 3;
/** An event that is older than this is not live, ms. */
const OLD_MS = 86_400_000;
const DATA_CHARACTERS = 160;

export interface PulledItems {
  items: readonly FeedItem[];
  /** Whether the source may have more than was read. */
  hasMore: boolean;
  facts: readonly DoctorFinding[];
}

interface Judged {
  item: FeedItem;
  as: JudgedItem;
}

export function itemFindings(
  judged: readonly Judged[],
  { now, tookMs }: { now: number; tookMs: number },
): DoctorFinding[] {
  if (judged.length === 0) {
    return [
      {
        status: 'warn',
        what: `nothing came in ${tookMs} ms`,
        why: 'the source is quiet, or has nothing where it is asked',
      },
    ];
  }
  const refused = judged.filter(({ as }) => as.kind === 'refused');
  const findings: DoctorFinding[] = [];
  const events = judged.flatMap(({ as }) => (as.kind === 'event' ? [as] : []));
  const newest = Math.max(...events.map(({ event }) => event.time));
  if (events.length > 0) {
    const age = newest > now ? `dated ${ago(now, newest)} ahead` : `${ago(newest, now)} old`;
    findings.push({
      status: now - newest > OLD_MS || newest > now + 60_000 ? 'warn' : 'ok',
      what: `${events.length} of ${judged.length} items are events of their stream, in ${tookMs} ms; the newest is ${age}`,
    });
  }
  if (events.some(({ zoneless }) => zoneless)) {
    findings.push({
      status: 'warn',
      what: 'times come without a zone and are read as UTC',
      fix: 'declare zone in the stream',
    });
  }
  if (refused.length === 0) return findings;
  const status = refused.length === judged.length ? 'fail' : 'warn';
  const first = judged.slice(0, SHOWN).filter(({ as }) => as.kind === 'refused');
  const shown = first.length > 0 ? first : refused.slice(0, SHOWN);
  findings.push(
    { status, what: `${refused.length} of ${judged.length} items would be dead letters` },
    ...shown.map(({ item, as }): DoctorFinding => ({ status, ...whyRefused(item, as) })),
  );
  return findings;
}

function whyRefused(item: FeedItem, as: JudgedItem): Pick<DoctorFinding, 'what' | 'why' | 'fix'> {
  const { reason, field = '', expected = '' } = as.kind === 'refused' ? as.why : { reason: '' };
  const at = field === '' ? '' : ` at ${field}`;
  return {
    what: `an item for ${item.stream}: ${reason}${at}`,
    why: `it is ${dataText(item.data)}`,
    ...(expected === '' ? {} : { fix: `expected ${expected}: mend the schema, or what the source sends` }),
  };
}

function dataText(data: unknown): string {
  const text = JSON.stringify(data) ?? String(data);
  return text.length <= DATA_CHARACTERS ? text : `${text.slice(0, DATA_CHARACTERS)}…`;
}

export function sourceFindings(
  { limits, warnings }: SeenSource,
  { hasMore }: Pick<PulledItems, 'hasMore'>,
  { everyMs, budget }: Pick<DeclaredFeed, 'everyMs' | 'budget'>,
): DoctorFinding[] {
  const findings: DoctorFinding[] = warnings.map((what) => ({ status: 'warn', what }));
  if (hasMore) {
    const what = `there was more to read: a burst goes on for ${budget.events} events or ${budget.timeMs} ms, each ${everyMs} ms`;
    findings.push({ status: 'ok', what });
  }
  if (limits.size > 0) {
    const said = [...limits].map(([name, value]) => `${name}: ${value}`).join(', ');
    const isSpent = [...limits].some(([name, value]) => name.endsWith('remaining') && Number.parseInt(value, 10) === 0);
    findings.push({
      status: isSpent ? 'warn' : 'ok',
      what: `the source says ${said}`,
      ...(isSpent ? { fix: 'ask less often: everyMs' } : {}),
    });
  }
  return findings;
}
