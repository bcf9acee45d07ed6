/**
 * Judges a feed's items: which event of its stream each is, and to whose log it goes. Where events name their tenants that is
 * found out before the items are taken in, since names of tenants are made safe without standing still. It writes nothing.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { knownName } from '../../base/known-names.ts';
import { paceOf } from '../../base/pace.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { logPlace, type Place, readPlaceName } from '../../streams/log/place.ts';
import { idsFrom, logThrown, validateEvent } from '../../streams/log/validate-event.ts';
import { tenantOfEvent } from '../../streams/of-event.ts';
import type { LogTenant, StreamScope } from '../../streams/scope.ts';
import type { Reason } from '../records/dead-letters.ts';
import type { Sampled } from '../records/sampling.ts';

export type JudgedItem =
  | { kind: 'event'; place: Place; event: LoggedEvent; bytes: number; zoneless: boolean }
  /** A gap of a stream whose events name their tenants: it names none, and is told to each. */
  | { kind: 'gap'; stream: string; event: LoggedEvent }
  | { kind: 'refused'; why: Reason };

export interface ItemJudge {
  /**
   * To be called before items of streams are judged whose events name their tenants. Answers whom they name, and whether gaps are
   * among them.
   */
  ahead(items: readonly FeedItem[]): Promise<{ tenants: ReadonlySet<LogTenant>; hasGaps: boolean }>;
  judge(item: FeedItem): JudgedItem;
  /** Whose an item is that was judged ahead; null: nobody is named, or its stream's events name nobody. */
  tenantOf(item: FeedItem): LogTenant | null;
  /** Where an item goes that has a stream, and whose tenant is known where its stream's events name theirs. */
  placeOf(item: FeedItem): Place | null;
  /** The place of this name, as records have it; null: the app no longer has its stream. */
  placeNamed(name: string): Place | null;
  /** Events by the names of their places; those of streams that the app no longer has are let go. */
  placed(events: readonly Sampled[]): PlacedEvent[];
  /** Lets what a function of the app throws be logged once more. */
  renew(): void;
}

export interface PlacedEvent {
  place: Place;
  event: LoggedEvent;
}

const NO_TENANT: Reason = { reason: 'tenant', field: 'tenant', expected: 'data that name a tenant' };

export function createJudge(scope: StreamScope, feed: DeclaredFeed): ItemJudge {
  const { app, runtime } = scope;
  const streams = new Map(
    feed.targets.flatMap(({ stream }) => {
      const declared = app.streams.get(stream);
      return declared ? [[stream, { stream: declared, place: logPlace(scope, declared) }] as const] : [];
    }),
  );
  const nextId = idsFrom(runtime.newId());
  let judged = new Map<FeedItem, JudgedItem>();
  let hasBroken = false;

  /** Once in a burst: what breaks for one item mostly breaks for all. */
  function logOnce(stream: DeclaredStream, broken: Parameters<typeof logThrown>[2]): void {
    if (!hasBroken) logThrown(runtime, stream, broken);
    hasBroken ||= broken.thrown !== undefined;
  }

  function judgeAs(item: FeedItem): JudgedItem {
    const found = streams.get(item.stream);
    if (!found) {
      const expected = knownName(item.stream, [...streams.keys()], 'streams of the feed');
      return { kind: 'refused', why: { reason: 'unknown_stream', field: 'stream', expected } };
    }
    if (item.invalid) return { kind: 'refused', why: item.invalid };
    const { stream, place } = found;
    const validated = validateEvent(stream, item, { receivedAt: runtime.now(), newId: nextId });
    if (!validated.ok) {
      logOnce(stream, validated);
      return { kind: 'refused', why: validated };
    }
    const { event, bytes, zoneless } = validated;
    if (stream.tenantOf !== null && isGap(event)) return { kind: 'gap', stream: stream.name, event };
    return { kind: 'event', place, event, bytes, zoneless };
  }

  async function judgeNamed(stream: DeclaredStream, item: FeedItem): Promise<JudgedItem> {
    const one = judgeAs(item);
    if (one.kind !== 'event' || stream.tenantOf === null) return one;
    const { tenant, thrown } = await tenantOfEvent(stream.tenantOf, one.event.data);
    if (tenant !== null) return { ...one, place: logPlace({ tenant }, stream) };
    logOnce(stream, { ...NO_TENANT, reason: 'schema', field: 'tenant', expected: '', text: '', thrown });
    return { kind: 'refused', why: NO_TENANT };
  }

  function placeNamed(name: string): Place | null {
    const { stream, tenant } = readPlaceName(name);
    const declared = app.streams.get(stream);
    if (!declared || (declared.tenantOf === null) !== (tenant === null)) return null;
    return logPlace(tenant === null ? scope : { tenant }, declared);
  }

  return {
    async ahead(items) {
      const tenants = new Set<LogTenant>();
      let hasGaps = false;
      if (!feed.namesTenants) return { tenants, hasGaps };
      judged = new Map();
      const pace = paceOf(runtime);
      for (const item of items) {
        const wait = pace();
        if (wait !== null) await wait;
        const stream = streams.get(item.stream)?.stream;
        if (!stream || stream.tenantOf === null) continue;
        const one = await judgeNamed(stream, item);
        judged.set(item, one);
        if (one.kind === 'event') tenants.add(one.place.tenant);
        hasGaps ||= one.kind === 'gap';
      }
      return { tenants, hasGaps };
    },
    judge: (item) => judged.get(item) ?? judgeAs(item),
    tenantOf(item) {
      const one = judged.get(item);
      return one?.kind === 'event' ? one.place.tenant : null;
    },
    placeOf(item) {
      const found = streams.get(item.stream);
      if (!found) return null;
      if (found.stream.tenantOf === null) return found.place;
      const one = judged.get(item);
      return one?.kind === 'event' ? one.place : null;
    },
    placeNamed,
    placed: (events) =>
      events.flatMap(({ stream, event }) => {
        const place = placeNamed(stream);
        return place === null ? [] : [{ place, event }];
      }),
    renew() {
      hasBroken = false;
    },
  };
}
