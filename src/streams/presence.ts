/**
 * Who works on a store: each process that stays up, and the schedule of functions. Each has a record that ends by itself, so that what
 * must not happen beside them, such as a restore, finds them. It is a hint: who died is named until its record has expired.
 */
import * as z from 'zod';
import { APP_TENANT } from '../base/principal.ts';
import { isoTime } from '../base/time/time-text.ts';
import { TidegateError } from '../base/errors.ts';
import { commitSurely } from '../store/commit.ts';
import { record } from '../store/record.ts';
import { isPresent, type RecordKey } from '../store/store.ts';
import type { Deps } from './deps.ts';

export const PRESENCE_PARTITION = `${APP_TENANT}/presence`;
/** A process that stays up says so this often, ms. */
export const PRESENT_EACH_MS = 60_000;
/** How long one counts that has said so, ms: it may miss one time. */
const PRESENT_FOR_MS = 150_000;
/** How long the run of a schedule counts, ms, and how often it is noted at most. */
const SCHEDULE_FOR_MS = 600_000;
const SCHEDULE_EACH_MS = 240_000;
const COMMIT_MS = 10_000;
/** Of those that are present, so many are named. */
const MOST_NAMED = 5;

/** The id of all runs of schedules: functions have no process that could be named. */
const SCHEDULE = 'schedule';

interface Presence {
  /** Where it runs: `process 4711 on web-1`; null: in functions that a schedule calls. */
  place: string | null;
  /** Version of the app. */
  version: string;
  /** When it was noted, epoch ms. */
  at: number;
}

const presence = record<Presence>('presence of an instance', () =>
  z.strictObject({ place: z.string().nullable(), version: z.string(), at: z.number() }),
);

type Present = Pick<Deps, 'app' | 'store' | 'runtime'>;

/** Says that a process is there. Errors as the store's. @param id of the process, for as long as it lives */
export async function notePresent(deps: Present, id: string, place: string): Promise<void> {
  await note(deps, id, place, PRESENT_FOR_MS);
}

/** Says that a process has ended. Errors as the store's. */
export async function noteEnded({ store, runtime }: Present, id: string): Promise<void> {
  const key = { partition: PRESENCE_PARTITION, id };
  const reading = await store.get(key, runtime.now());
  if (!isPresent(reading)) return;
  const operation = { kind: 'delete', ...key, expects: reading.version } as const;
  await commitSurely(runtime, store, [operation], runtime.now() + COMMIT_MS);
}

/** Says that a schedule has called: one read, and each four minutes a write. Errors as the store's. */
export async function noteScheduled(deps: Present): Promise<void> {
  await note(deps, SCHEDULE, null, SCHEDULE_FOR_MS, SCHEDULE_EACH_MS);
}

/** @param eachMs what was noted within this time stays as it is */
async function note(
  { app, store, runtime }: Present,
  id: string,
  place: string | null,
  forMs: number,
  eachMs = 0,
): Promise<void> {
  const key: RecordKey = { partition: PRESENCE_PARTITION, id };
  const now = runtime.now();
  const reading = await store.get(key, now);
  const standing = isPresent(reading) ? presence.read(reading) : null;
  if (standing !== null && standing.at <= now && now - standing.at < eachMs) return;
  const value = { place, version: app.version, at: now };
  const put = presence.replace(reading, value, { expiresAt: now + forMs });
  // A conflict is with another run that noted the same.
  await commitSurely(runtime, store, [put], now + COMMIT_MS);
}

/**
 * For what nobody may work beside. One read.
 * @param how what to add, where somebody is there whom that does not disturb
 * @throws TidegateError `invalid_input` where somebody works on the store, which names them
 */
export async function refusePresent({ store, runtime }: Pick<Deps, 'store' | 'runtime'>, how: string): Promise<void> {
  const { records } = await store.list(PRESENCE_PARTITION, { now: runtime.now(), limit: MOST_NAMED + 1 });
  if (records.length === 0) return;
  const all = records.map(({ value }) => presence.decode(value));
  const named = all.slice(0, MOST_NAMED).map(described);
  const until = Math.max(...all.map(({ place, at }) => at + (place === null ? SCHEDULE_FOR_MS : PRESENT_FOR_MS)));
  if (records.length > MOST_NAMED) named.push('and others');
  throw new TidegateError('invalid_input', `the app runs on the ${store.name} store: ${named.join('; ')}`, {
    field: how,
    expected: `that no process of the app runs on the store, or ${how}`,
    hint: `nothing was changed. End it, and switch schedules off; what was killed counts until ${isoTime(until)}`,
  });
}

function described({ place, version, at }: Presence): string {
  const who = place ?? 'a schedule of functions';
  return `${who} (version ${version}, seen ${isoTime(at)})`;
}
