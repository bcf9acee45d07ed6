/**
 * Tries a feed's dead letters again, in order, after a schema was mended: a follower of their log, so each is tried once
 * in all, and what is appended and how far it came are one commit. What is refused again stays a dead letter.
 */
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LoggedEvent } from '../../base/event.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LogEntry, Operation } from '../../store/store.ts';
import { idsFrom, validateEvent } from '../../streams/log/append.ts';
import { loadWindow } from '../../streams/log/dedupe.ts';
import { follow, type Round } from '../../streams/log/follower.ts';
import { deadLetterLog, publisherKey, streamLog } from '../../streams/names.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { Scope } from '../../streams/scope.ts';

export interface ReplayReport {
  /** Appended to their streams. */
  replayed: number;
  /** Known already, by their ids. */
  duplicates: number;
  /** Refused again. */
  refused: number;
  /** Kept only in part, so that they cannot be tried. */
  cut: number;
  /** None is left to try. */
  done: boolean;
}

/** Letters in one commit: 16 KiB each. */
const ROUND = 20;
const FOLLOWER = 'replay';

/** @param deadline epoch ms. Errors as `follow`. */
export async function replayDeadLetters(scope: Scope, feed: string, deadline: number): Promise<ReplayReport> {
  const { app, store, runtime, tenant } = scope;
  const report: ReplayReport = { replayed: 0, duplicates: 0, refused: 0, cut: 0, done: false };
  const touched = new Set<DeclaredStream>();

  function begin(): Round {
    const letters: DeadLetter[] = [];
    let round = sort(scope, app, []);
    return {
      take(entries: readonly LogEntry[]) {
        letters.push(...entries.map(({ value }) => value as JsonObject as unknown as DeadLetter));
      },
      async effects() {
        round = sort(scope, app, letters);
        const operations: Operation[] = [];
        for (const [stream, events] of round.valid) {
          const log = streamLog(tenant, stream.name);
          const fresh = stream.identified ? await fence(stream, log, events) : { events, operations: [] };
          round.duplicates += events.length - fresh.events.length;
          operations.push(...fresh.operations);
          if (fresh.events.length === 0) continue;
          operations.push({ kind: 'append', log, entries: fresh.events });
          round.replayed += fresh.events.length;
          touched.add(stream);
        }
        return operations;
      },
      committed() {
        report.replayed += round.replayed;
        report.duplicates += round.duplicates;
        report.refused += round.refused;
        report.cut += round.cut;
      },
    };
  }

  /** Those that the stream does not have, and the put that keeps another from appending them meanwhile. */
  async function fence(stream: DeclaredStream, log: string, events: readonly LoggedEvent[]) {
    const key = publisherKey(tenant, stream.name);
    const { version } = await store.get(key, runtime.now());
    const window = await loadWindow(store, log, stream.dedupe);
    const fresh = events.filter((event) => !window.has(event) && (window.add(event), true));
    const id = fresh.at(-1)?.id;
    const operations: Operation[] = id === undefined ? [] : [{ kind: 'put', ...key, value: { id }, expects: version }];
    return { events: fresh, operations };
  }

  const log = deadLetterLog(tenant, feed);
  const followed = await follow({
    scope,
    log,
    follower: FOLLOWER,
    repeatable: false,
    limit: ROUND,
    deadline,
    begin,
  });
  report.done = followed.caughtUp;
  for (const stream of touched) await projectLatest(scope, stream, { deadline });
  return report;
}

function sort({ runtime }: Scope, app: App, letters: readonly DeadLetter[]) {
  const valid = new Map<DeclaredStream, LoggedEvent[]>();
  const round = { valid, replayed: 0, duplicates: 0, refused: 0, cut: 0 };
  const newId = idsFrom(runtime.newId());
  for (const { stream: name, item, key, time, cut, at } of letters) {
    const stream = app.streams.get(name);
    if (cut) round.cut += 1;
    else if (!stream) round.refused += 1;
    else {
      const raw = { data: item, ...(key === undefined ? {} : { key }), ...(time === undefined ? {} : { time }) };
      const validated = validateEvent(stream, raw, { receivedAt: at, newId });
      if (validated.ok) valid.set(stream, [...(valid.get(stream) ?? []), validated.event]);
      else round.refused += 1;
    }
  }
  return round;
}
