/**
 * What the store has of tasks that have not ended, as metrics. How many wait for a worker is read from the queue alone. What each is
 * like stands in its header, of which a bounded number is read: a scrape costs the same with a million tasks as with some hundred.
 */
import type { DueRecord, Reading, Store } from '../../store/store.ts';
import { DUE_LIMIT, GET_MANY_LIMIT } from '../../store/limits.ts';
import { hasEnded, type Header, headerKey, taskHeader, type TaskStatus } from '../../tasks/records/header.ts';
import { isWaiter, taskOfDue } from '../../tasks/records/names.ts';
import { type Family, gauge } from './exposition.ts';

/** Headers that are read for a scrape: five calls to the store at most. */
const MOST_HEADERS = 5 * GET_MANY_LIMIT;
/** Of them, how many may be of tasks that are due. The others are of tasks that sleep, wait or are under way. */
const MOST_DUE_HEADERS = MOST_HEADERS / 2;
const UNENDED = ['working', 'input_required'] as const satisfies readonly TaskStatus[];

export interface Queued {
  due: DueRecord[];
  later: DueRecord[];
}

/** Errors as the store's. */
export async function taskFamilies(store: Store, queued: Queued, now: number): Promise<Family[]> {
  const due = tasksAmong(queued.due);
  const later = tasksAmong(queued.later);
  // Where few are of one kind, the room is the other's.
  const some = due.slice(0, Math.max(MOST_DUE_HEADERS, MOST_HEADERS - later.length));
  const read = [...some, ...later.slice(0, MOST_HEADERS - some.length)];
  const headers = await unended(store, read, now);
  const isBounded = read.length < due.length + later.length || queued.due.length + queued.later.length >= DUE_LIMIT;
  return [
    gauge(
      'tidegate_tasks',
      `Tasks that have not ended: due for a worker, or under way, asleep and waiting; at most ${DUE_LIMIT} of each`,
      [
        { labels: { state: 'due' }, value: due.length },
        { labels: { state: 'waiting' }, value: later.length },
      ],
    ),
    gauge('tidegate_tasks_oldest_due_seconds', 'For how long the task that is due longest has been due', [
      {
        value: ageOf(
          due.map(({ dueAt }) => dueAt),
          now,
        ),
      },
    ]),
    gauge(
      'tidegate_tasks_unended',
      `Tasks that have not ended, by their status, of ${MOST_HEADERS} at most`,
      UNENDED.map((status) => ({ labels: { status }, value: of(headers, status).length })),
    ),
    gauge(
      'tidegate_tasks_oldest_seconds',
      'Since when the oldest of these was called',
      UNENDED.map((status) => ({
        labels: { status },
        value: ageOf(
          of(headers, status).map(({ createdAt }) => createdAt),
          now,
        ),
      })),
    ),
    gauge(
      'tidegate_tasks_beyond',
      'Whether there may be more tasks than were looked at: the numbers are then the least',
      [{ value: isBounded ? 1 : 0 }],
    ),
  ];
}

const tasksAmong = (records: readonly DueRecord[]) => records.filter((one) => !isWaiter(one));

const of = (headers: readonly Header[], wanted: TaskStatus) => headers.filter(({ status }) => status === wanted);

function ageOf(times: readonly number[], now: number): number {
  return times.reduce((most, at) => Math.max(most, now - at), 0) / 1_000;
}

async function unended(store: Store, records: readonly DueRecord[], now: number): Promise<Header[]> {
  const keys = records.map((record) => {
    const { tenant, taskId } = taskOfDue(record);
    return headerKey(tenant, taskId);
  });
  const pages = Array.from({ length: Math.ceil(keys.length / GET_MANY_LIMIT) }, (_, page) =>
    store.getMany(keys.slice(page * GET_MANY_LIMIT, (page + 1) * GET_MANY_LIMIT), now),
  );
  return (await Promise.all(pages)).flat().flatMap((reading) => {
    const header = readable(reading);
    return header === null || hasEnded(header) ? [] : [header];
  });
}

/** Those that a newer release wrote are left out. */
function readable(reading: Reading): Header | null {
  try {
    return taskHeader.read(reading);
  } catch {
    return null;
  }
}
