/**
 * Tells tenants that events are missing, of streams whose events name their tenants. Nobody knows whose events are missing, and
 * to write a gap to the log of each tenant would be work over all of them. So the feed's record remembers the last gap of each
 * stream and reason for a day, and a tenant is told of it before the next event that it gets. What it was told stands in a record
 * of its own, which is put with that event.
 */
import * as z from 'zod';
import type { LoggedEvent } from '../../base/event.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { Operation, Put, RecordKey, Version } from '../../store/store.ts';
import type { Place } from '../../streams/log/place.ts';
import type { LogScope } from '../../streams/scope.ts';

export interface TenantGap {
  /** Larger than that of each gap before it: its time, or more. */
  number: number;
  stream: string;
  reason: string;
  detail?: string;
  /** Epoch ms. */
  at: number;
}

export function tenantGapsSchema(): z.ZodType<TenantGap[]> {
  return z.array(
    z.strictObject({
      number: z.number(),
      stream: z.string(),
      reason: z.string(),
      detail: z.exactOptional(z.string()),
      at: z.number(),
    }),
  );
}

const MOST_GAPS = 8;
const DETAIL_CHARACTERS = 300;
/** Most bytes of what the feed's record holds: characters of three bytes, and their names. */
export const TENANT_GAPS_BYTES = MOST_GAPS * (3 * DETAIL_CHARACTERS + 300);
const KEPT_MS = 24 * 3_600_000;
/** Places of which it is known what they were told, at most. */
const MOST_KNOWN = 100_000;

/** The number of the last gap that was told in a tenant's log of a stream. */
const told = record('gaps told to a tenant', () => z.strictObject({ number: z.number() }));

function toldKey(tenant: string, feed: string, stream: string): RecordKey {
  return { partition: `${tenant}/gaps-told/${feed}`, id: stream };
}

export interface TenantGaps {
  /** Says whether gaps may come before `expect` is called again. */
  expect(mayCome: boolean): void;
  /** Takes note of a gap. */
  came(stream: string, event: LoggedEvent): void;
  /** Reads what places were told, as far as there is anything to tell. Call it while nothing is gathered. */
  load(places: readonly Place[]): Promise<void>;
  /** Whether there is anything to tell: each append may then have a put beside it. */
  isAny(): boolean;
  /** The gaps to append before an event of a place. */
  before(place: Place): LoggedEvent[];
  /** Takes note that they are gathered. */
  gathered(place: Place): void;
  /** The puts that go with what was gathered since the last call. */
  drain(): Put[];
  /** Those among operations that go with appends. */
  among(operations: readonly Operation[]): Put[];
  /** Takes note that operations are committed. */
  settle(operations: readonly Operation[], version: Version): void;
  state(): TenantGap[];
}

/** @param begun as the feed's record has them */
export function createTenantGaps(
  { store, runtime }: Pick<LogScope, 'store' | 'runtime'>,
  feed: string,
  begun: readonly TenantGap[],
): TenantGaps {
  let gaps = begun.filter(({ at }) => at > runtime.now() - KEPT_MS);
  let last = begun.at(-1)?.number ?? 0;
  /** What places were told, and the version of the record that says so, by the record's name. */
  const known = new Map<string, { number: number; version: Version | null }>();
  let putting: Put[] = [];
  let mayCome = false;

  const keyOf = ({ tenant, stream }: Place) => toldKey(tenant, feed, stream.name);

  function pending(place: Place): TenantGap[] {
    const number = known.get(nameOf(keyOf(place)))?.number ?? 0;
    const { stream } = place;
    return gaps.filter((gap) => gap.stream === stream.name && gap.number > number);
  }

  const isAny = () => mayCome || gaps.length > 0;

  return {
    expect(comes) {
      mayCome = comes;
    },
    came(stream, { time: at, meta }) {
      const { reason = '', detail } = meta?.gap ?? {};
      last = Math.max(last + 1, at);
      const gap = {
        number: last,
        stream,
        reason,
        ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_CHARACTERS) }),
        at,
      };
      gaps = [...gaps.filter((other) => other.stream !== stream || other.reason !== reason), gap].slice(-MOST_GAPS);
    },
    async load(places) {
      if (!isAny()) return;
      if (known.size > MOST_KNOWN) known.clear();
      const left = places.map(keyOf).filter((key) => !known.has(nameOf(key)));
      for (let from = 0; from < left.length; from += GET_MANY_LIMIT) {
        for (const reading of await store.getMany(left.slice(from, from + GET_MANY_LIMIT), runtime.now()))
          known.set(nameOf(reading), { number: told.read(reading)?.number ?? 0, version: reading.version });
      }
    },
    isAny,
    before: (place) => pending(place).map((gap) => gapOf(feed, gap, runtime.newId())),
    gathered(place) {
      const newest = pending(place).at(-1);
      if (newest === undefined) return;
      const { number } = newest;
      const key = keyOf(place);
      const { version = null } = known.get(nameOf(key)) ?? {};
      known.set(nameOf(key), { number, version });
      putting.push(told.put(key, { number }, { expects: version, expiresAt: runtime.now() + 2 * KEPT_MS }));
    },
    drain() {
      const puts = putting;
      putting = [];
      return puts;
    },
    among: (operations) => operations.filter((one) => one.kind === 'put').filter((put) => known.has(nameOf(put))),
    settle(operations, version) {
      for (const operation of operations) {
        const before = operation.kind === 'put' ? known.get(nameOf(operation)) : undefined;
        if (operation.kind === 'put' && before) known.set(nameOf(operation), { ...before, version });
      }
    },
    state: () => gaps,
  };
}

function nameOf({ partition, id }: RecordKey): string {
  return `${partition} ${id}`;
}

/** The event that says in a log that events are missing. */
export function gapOf(
  feed: string,
  { reason, detail, at }: Pick<TenantGap, 'reason' | 'detail' | 'at'>,
  id: string,
): LoggedEvent {
  const gap = { reason, ...(detail === undefined ? {} : { detail }) };
  return { id, time: at, data: null, meta: { source: feed, gap } };
}
