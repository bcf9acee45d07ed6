/**
 * Scheduled work on streams that each tenant has for itself: the sweep of its logs, its runs of feeds, its waits. Each piece is
 * a record that comes due in a queue of its kind, so a schedule asks for what is due, and never goes over all tenants. What is
 * shared needs no record: there is one of it.
 *
 * A record is put by whoever makes the work (`noteWork`), before it or after it as the work says, and put off or deleted by
 * whoever did it (`DuePlace.settle`), in place of the version that stood there before it began. Whoever makes more work
 * meanwhile puts the record again, and it stays due. A host that lists its tenants (`Deps.tenants`) uses none of this.
 */
import * as z from 'zod';
import { APP_TENANT, tenantsOf } from '../base/principal.ts';
import { asTidegateError, TidegateError } from '../base/errors.ts';
import { commitSurely } from '../store/commit.ts';
import { putOffMs, readDue } from '../store/due.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import { record } from '../store/record.ts';
import { isPresent, type Put, type Reading, type RecordKey } from '../store/store.ts';
import type { App } from '../declare/app.ts';
import type { DeclaredFeed } from '../declare/feed.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import type { Deps } from './deps.ts';
import { type LogScope, type LogTenant, scopeOfLogs, type StreamScope } from './scope.ts';

/** Kinds of work; each has a queue of its own. */
type TenantWork = 'sweep' | 'triggers' | `feed/${string}` | `waits/${string}`;

/** A record says nothing but when it is due. */
const tenantWork = record<Record<string, never>>('work of a tenant', () => z.strictObject({}));

/** Most tenants whose work of a kind is taken up in one call. */
export const DUE_PLACES = 100;
/** Clocks may differ by so much: a record that comes due sooner may be in somebody's hands already, ms. */
const SKEW_MS = 10_000;
const SETTLE_MS = 10_000;
const MOST_RACES = 20;
/** Most pieces of work that are remembered to be noted, in a process. */
const MOST_NOTED = 10_000;

export function tenantWorkKey(tenant: string, work: TenantWork): RecordKey {
  return { partition: `${tenant}/tenant-work`, id: work };
}

export function tenantWorkQueue(work: TenantWork): string {
  return `${APP_TENANT}/tenant-work/${work}`;
}

/** What noting needs. Without the app nobody's triggers are noted. */
type NoteDeps = Pick<Deps, 'store' | 'runtime' | 'tenants' | 'noted'> & Partial<Pick<Deps, 'app'>>;
type NoteScope = LogScope & NoteDeps;

interface NoteOptions {
  /** How soon the work is to be done, ms; `absent`: where it is not noted at all, at once. */
  withinMs: number | 'absent';
  /** Whether this process may know by itself that it is noted; default: true. */
  remembered?: boolean;
}

/** A piece of work, in the name of a tenant. */
interface Piece {
  tenant: LogTenant;
  work: TenantWork;
}

/**
 * Makes sure that work of a tenant comes due. Mostly no call, because a process remembers what it noted until that is due; else
 * one call, and one more where something was not noted. Errors as the store's.
 */
export function noteWork(scope: NoteScope, works: readonly TenantWork[], options: NoteOptions): Promise<void> {
  return noteEach(
    scope,
    works.map((work) => ({ tenant: scope.tenant, work })),
    options,
  );
}

/** The same of several tenants: these calls for each 90 pieces, or as many as a commit holds. */
async function noteEach(
  deps: NoteDeps,
  pieces: readonly Piece[],
  { withinMs, remembered = true }: NoteOptions,
): Promise<void> {
  const { store, runtime, tenants, noted } = deps;
  if (tenants) return;
  const isKnown = (piece: Piece) => (noted?.get(nameOf(piece)) ?? 0) > runtime.now() + SKEW_MS;
  const left = remembered ? pieces.filter((piece) => !isKnown(piece)) : pieces;
  const most = Math.min(GET_MANY_LIMIT, store.limits.commitOperations);
  for (let from = 0; from < left.length; from += most) await noteSome(deps, left.slice(from, from + most), withinMs);
}

async function noteSome(
  { store, runtime, noted }: NoteDeps,
  pieces: readonly Piece[],
  withinMs: NoteOptions['withinMs'],
): Promise<void> {
  for (let races = 0; races <= MOST_RACES; races += 1) {
    const now = runtime.now();
    const readings = await store.getMany(
      pieces.map(({ tenant, work }) => tenantWorkKey(tenant, work)),
      now,
    );
    const at = withinMs === 'absent' ? now : now + withinMs;
    const missing = readings.filter((reading) => !isNoted(reading, withinMs === 'absent' ? null : at, now));
    const puts = missing.map((reading) => put(reading, at));
    if (puts.length > 0) {
      const result = await commitSurely(runtime, store, puts, now + SETTLE_MS);
      if (result.status !== 'committed') continue;
    }
    if (noted && noted.size > MOST_NOTED) noted.clear();
    // What is only to be there is remembered as long as it takes others to notice that it is gone.
    for (const piece of pieces) noted?.set(nameOf(piece), withinMs === 'absent' ? now + REMEMBERED_MS : at);
    return;
  }
  throw new TidegateError('store_unavailable', 'work of a tenant changes too often at once', { retryAfterMs: 1_000 });
}

function nameOf({ tenant, work }: Piece): string {
  return `${tenant} ${work}`;
}

/** How long it is remembered that work is noted at all, ms. */
const REMEMBERED_MS = 3_600_000;

/** @param by when it has to be due at the latest; null: at any time */
function isNoted(reading: Reading, by: number | null, now: number): boolean {
  if (!isPresent(reading) || reading.due === null) return false;
  return by === null || (reading.due.at > now + SKEW_MS && reading.due.at <= by);
}

function put({ partition, id, version }: Reading, at: number): Put {
  return tenantWork.put(
    { partition, id },
    {},
    { expects: version, due: { queue: tenantWorkQueue(id as TenantWork), at } },
  );
}

/** A tenant in whose name work is due. */
export interface DuePlace<D extends object = Deps> {
  scope: StreamScope<D>;
  /** The work is done for now: it is due again at this time, epoch ms; null: when it is noted again. A failure is thrown. */
  settle: (at: number | null) => Promise<void>;
}

/**
 * The tenants whose work of this kind is due, `DUE_PLACES` at most, and that of an open server; where the host lists its tenants,
 * all of those. Store calls as `readDue`.
 * @param only this tenant and no other, as a token names it
 * @returns `more`: others may be due as well
 */
export async function duePlaces<D extends Deps>(
  deps: D,
  work: TenantWork,
  only?: string,
): Promise<{ due: DuePlace<D>[]; more: boolean }> {
  const { store, runtime } = deps;
  const always = (tenant: string): DuePlace<D> => ({ scope: scopeOfLogs(deps, { tenant }), settle: nothing });
  if (only !== undefined || deps.tenants) return { due: (await tenantsOf(deps, only)).map(always), more: false };
  // Everybody who calls an open server is of this tenant, which nobody needs to note.
  const open = deps.isOpen === false ? [] : [always(APP_TENANT)];
  const { records, more } = await readDue(deps, tenantWorkQueue(work), DUE_PLACES);
  const due = records.flatMap((reading) => {
    const { partition, id, version } = reading;
    const [tenant = ''] = partition.split('/');
    if (open.length > 0 && tenant === APP_TENANT) return [];
    async function settle(at: number | null): Promise<void> {
      const operation = at === null ? ({ kind: 'delete', partition, id, expects: version } as const) : put(reading, at);
      // After a conflict somebody has noted more work, or has done this.
      await commitSurely(runtime, store, [operation], runtime.now() + SETTLE_MS);
    }
    return [{ scope: scopeOfLogs(deps, { tenant }), settle }];
  });
  return { due: [...open, ...due], more };
}

async function nothing(): Promise<void> {}

/**
 * Does due work of one tenant and settles it. Where it fails it is put off by `putOffMs`: else it would stay the first of its
 * shard and keep all others from their turn. Who goes over tenants catches what this throws, so that the next one has its turn.
 * @param work answers when it is due again, as `settle` takes it
 * @throws TidegateError what the work throws; errors of the store
 */
export async function workOnPlace(
  { runtime }: Pick<Deps, 'runtime'>,
  { settle }: Pick<DuePlace, 'settle'>,
  work: () => Promise<number | null>,
): Promise<void> {
  let at: number | null;
  try {
    at = await work();
  } catch (thrown) {
    const error = asTidegateError(thrown);
    try {
      await settle(runtime.now() + putOffMs(error));
    } catch {
      // It stays due, and is met again.
    }
    throw error;
  }
  await settle(at);
}

/** How soon logs that were written to are swept, ms. */
const SWEPT_WITHIN_MS = 60_000;

/** How soon triggers on logs that were written to are judged where no hint comes, ms. */
const JUDGED_WITHIN_MS = 30_000;

/** To be called before something is written to the log of a stream. Errors as `noteWork`. */
export async function noteWrite(scope: NoteScope, { tenants }: Pick<DeclaredStream, 'tenants'>): Promise<void> {
  if (tenants === 'each') await noteWrites(scope, [scope.tenant]);
}

/** The same before something is written to logs of several tenants. */
export async function noteWrites(deps: NoteDeps, tenants: Iterable<LogTenant>): Promise<void> {
  const all = [...tenants];
  const piecesOf = (work: TenantWork) => all.map((tenant): Piece => ({ tenant, work }));
  await noteEach(deps, piecesOf('sweep'), { withinMs: SWEPT_WITHIN_MS });
  if (deps.app && hasTriggersOfEach(deps.app))
    await noteEach(deps, piecesOf('triggers'), { withinMs: JUDGED_WITHIN_MS });
}

/** Whether triggers stand in the names of tenants. */
function hasTriggersOfEach({ triggers }: Pick<App, 'triggers'>): boolean {
  return [...triggers.values()].some(({ tenants }) => tenants === 'each');
}

/** Feeds that run for each tenant. */
function feedsOfEach(app: App): DeclaredFeed[] {
  return [...app.feeds.values()].filter(({ tenants, targets }) => tenants === 'each' && targets.length > 0);
}

/** The queues of all kinds of work that an app has; none where the host lists its tenants. */
export function tenantWorkQueues({ app, tenants }: Pick<Deps, 'app' | 'tenants'>): string[] {
  const each = [...app.streams.values()].filter((stream) => stream.tenants === 'each');
  if (tenants || each.length === 0) return [];
  const works: TenantWork[] = ['sweep', ...each.map(({ name }): TenantWork => `waits/${name}`)];
  if (hasTriggersOfEach(app)) works.push('triggers');
  works.push(...feedsOfEach(app).map(({ name }): TenantWork => `feed/${name}`));
  return works.map(tenantWorkQueue);
}

/** Makes the feeds of a tenant begin to run. Mostly no call; else as `noteWork`. */
export async function noteTenant(scope: StreamScope): Promise<void> {
  const feeds = feedsOfEach(scope.app).map(({ name }): TenantWork => `feed/${name}`);
  if (feeds.length > 0) await noteWork(scope, feeds, { withinMs: 'absent' });
}
