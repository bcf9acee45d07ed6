/**
 * Writes the audit log. An entry is stored after what it is about was done, and before that is answered: one commit. Entries of
 * one tenant that come while others are written share the next one, so a process makes no more than 50 a second, and one more for
 * each hundred entries; none of them waits longer than 20 ms before its own commit begins. Where the store fails, what was done stays
 * done and is answered; the entry is then in the operator's log alone. A process that dies between the two leaves no entry.
 *
 * What failed is sampled and kept in a stream of its own (`failures.ts`). Logins are sampled too: whoever has a key may log in
 * as often as he likes.
 */
import type { Audit, AuditEntry } from '../../streams/audit.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { APP_TENANT, type Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { commitSurely } from '../../store/commit.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { Deps } from '../../streams/deps.ts';
import { createFailures } from './failures.ts';
import type { AuditRecord, AuditStreams } from './stream.ts';

export interface AuditDeps extends Pick<Deps, 'store' | 'changed' | 'tenants' | 'noted'> {
  runtime: Runtime;
}

export interface AuditOptions {
  streams: AuditStreams;
  /**
   * Whether each entry is written by itself, as on Workers, where one request must not wait for what another began. On Lambda
   * there is one request at a time, and none to share with. Default false.
   */
  apart?: boolean;
}

/** How long an answer waits for its entry, ms. */
const WAIT_MS = 2_000;
/** How long entries are gathered while others are written, ms. */
const GATHER_MS = 20;
const NAME_CHARACTERS = 200;
/** Of one commit, which takes at most 100 operations and some 100 KB on every engine. */
const MOST_TOGETHER = 100;

/** A log: that of a stream of a tenant. */
interface Place {
  tenant: string;
  stream: string;
}

/** Entries that wait to be written together. */
interface Batch {
  events: LoggedEvent[];
  written: Promise<void>;
  /** Says that no more are added. */
  close(): void;
}

export function createAuditLog(deps: AuditDeps, { streams, apart = false }: AuditOptions): Audit {
  const { store, runtime } = deps;
  const failures = createFailures(runtime);
  const logins = createFailures(runtime);
  /** By log: what is being written, behind which the next waits. */
  const writing = new Map<string, Promise<void>>();
  const next = new Map<string, Batch>();

  async function write({ tenant, stream }: Place, events: readonly LoggedEvent[]): Promise<void> {
    try {
      // Loaded by the first entry: most of a start is loading.
      const [{ noteWrite }, { scopeOfLogs }] = await Promise.all([
        import('../../streams/tenant-work.ts'),
        import('../../streams/scope.ts'),
      ]);
      await noteWrite(scopeOfLogs(deps, { tenant }), { tenants: 'each' });
      const append = loggedEvent.append(streamLog(tenant, stream), events);
      await commitSurely(runtime, store, [append], runtime.now() + WAIT_MS);
      deps.changed?.(tenant, stream);
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      for (const { data } of events) {
        runtime.log('error', 'the audit log cannot be written', { tenant, code, message, entry: data });
      }
    }
  }

  function add(place: Place, event: LoggedEvent): Promise<void> {
    if (apart) return write(place, [event]);
    const log = streamLog(place.tenant, place.stream);
    const before = writing.get(log);
    const batch = next.get(log) ?? (before && gather(place, log, before));
    if (batch === undefined) return begin(place, log, [event]);
    batch.events.push(event);
    if (batch.events.length >= MOST_TOGETHER) batch.close();
    return batch.written;
  }

  /** Opens a batch that is written when those before it are, it is full or its time is over. */
  function gather(place: Place, log: string, before: Promise<void>): Batch {
    const over = new AbortController();
    const { promise: full, resolve } = Promise.withResolvers<void>();
    const events: LoggedEvent[] = [];
    const close = () => {
      if (next.get(log) === batch) next.delete(log);
      over.abort();
      resolve();
    };
    const written = Promise.race([before, full, runtime.sleep(GATHER_MS, over.signal)]).then(() => {
      close();
      return begin(place, log, events);
    });
    const batch: Batch = { events, written, close };
    next.set(log, batch);
    return batch;
  }

  function begin(place: Place, log: string, events: readonly LoggedEvent[]): Promise<void> {
    const written = write(place, events).finally(() => {
      if (writing.get(log) === written) writing.delete(log);
    });
    writing.set(log, written);
    return written;
  }

  function put(principal: Principal | null, entry: AuditEntry, count: number): Promise<void> {
    const data: AuditRecord = {
      action: entry.action,
      subject: principal?.subject ?? null,
      client: shortened(principal?.client ?? null),
      target: shortened(entry.target),
      task: shortened(entry.task ?? null),
      outcome: entry.code == null ? 'done' : 'failed',
      code: shortened(entry.code ?? null),
      events: entry.events ?? null,
      bytes: entry.bytes ?? null,
      count,
    };
    const stream = entry.code == null ? streams.done : streams.failed;
    return add(
      { tenant: principal?.tenant ?? APP_TENANT, stream },
      { id: runtime.newId(), time: runtime.now(), data: { ...data } },
    );
  }

  return {
    async note(principal, entry) {
      const { action, target, code = null } = entry;
      const isLogin = action === 'login' || action === 'logout';
      if (code === null && !isLogin) return put(principal, entry, 1);
      const count = (code === null ? logins : failures).count(principal, action, target, code);
      return count > 0 ? put(principal, entry, count) : undefined;
    },
    async refused(principal, { target, code }) {
      const count = failures.count(principal, 'refused', target, code);
      if (count > 0) await put(principal, { action: 'refused', target, code }, count);
    },
  };
}

function shortened(text: string | null): string | null {
  return text?.slice(0, NAME_CHARACTERS) ?? null;
}
