/** Fills a world by the interface of its store, in commits as large as they may be. */
import type { Json } from '../../../src/base/json.ts';
import { newDelivery, deliveryState } from '../../../src/deliveries/records/state.ts';
import {
  deliveryKey,
  idOfSubscription,
  onlyKeyIn,
  outboxKey,
  subscriberKey,
  subscriptionKey,
} from '../../../src/deliveries/records/names.ts';
import { subscribed, subscriber } from '../../../src/deliveries/records/subscribed.ts';
import { noteOutbox } from '../../../src/deliveries/work/places.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { COMMIT_OPERATIONS } from '../../../src/store/limits.ts';
import { isPresent, type Operation, type Store } from '../../../src/store/store.ts';
import { projectLatest } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { assignmentKey, putAssignment, UNASSIGNED } from '../../../src/tasks/records/assignment.ts';
import { type Header, headerKey, taskHeader } from '../../../src/tasks/records/header.ts';
import { inputKey, taskInput } from '../../../src/tasks/records/input.ts';
import { ownKey, ownTask } from '../../../src/tasks/records/list.ts';
import { newTaskId } from '../../../src/tasks/records/task-id.ts';
import { ASKING, runtime, STREAM, type World } from './world.ts';

const COMMIT_ENTRIES = 1_000;
/** A thousand events an hour. */
export const STEP_MS = 3_600;
const DAY_MS = 86_400_000;
/** The greatest number of events of one log. */
const MOST_EVENTS = 10_000_000;
/** The time of the first event: the last one that there may be is in the past. */
const BEGAN = runtime.now() - (MOST_EVENTS + 1_000) * STEP_MS;
/** Of these subscriptions one caller has a page; all others are of as many others. */
const OF_CALLER = 50;

export const timeOf = (n: number) => BEGAN + n * STEP_MS;

async function commitAll(store: Store, operations: readonly Operation[]): Promise<void> {
  const { status } = await commitSurely(runtime, store, operations, runtime.now() + 60_000);
  if (status === 'conflict') throw new Error('what is filled in stands there already');
}

/** Events from number `from` to `to` over so many keys, and the projection of them. */
export async function fillEvents(
  { store, scope, stream }: World,
  from: number,
  to: number,
  keys: number,
): Promise<void> {
  const log = streamLog(scope.tenant, STREAM);
  for (let first = from; first < to; first += COMMIT_ENTRIES) {
    const entries = Array.from({ length: Math.min(COMMIT_ENTRIES, to - first) }, (_, index): Json => {
      const n = first + index;
      const [id, key, time] = [`e${n}`, `k${n % keys}`, timeOf(n)];
      return { id, key, time, data: { id, sensor: key, time, celsius: n % 40 } };
    });
    await commitAll(store, [{ kind: 'append', log, entries }]);
  }
  await projectLatest(scope, stream, { deadline: runtime.now() + 3_600_000 });
}

/** Tasks of who asks, that wait until tomorrow. Answers their ids. */
export async function fillTasks({ store }: World, count: number): Promise<string[]> {
  const ids: string[] = [];
  let operations: Operation[] = [];
  const now = runtime.now();
  const expiresAt = now + 2 * DAY_MS;
  for (let index = 0; index < count; index += 1) {
    const taskId = newTaskId(runtime, ASKING);
    ids.push(taskId);
    const times = { createdAt: now, updatedAt: now, ttlMs: DAY_MS, endsBy: now + DAY_MS };
    const said = { message: null, asks: {}, result: null, pages: 0, failure: null, origin: taskId };
    const header: Header = { task: 'wait', version: '1', principal: ASKING, status: 'working', ...times, ...said };
    operations.push(
      taskHeader.put(headerKey(ASKING.tenant, taskId), header, { expects: null, expiresAt }),
      taskInput.put(inputKey(ASKING.tenant, taskId), { input: {} }, { expects: null, expiresAt }),
      putAssignment(assignmentKey(ASKING.tenant, taskId), UNASSIGNED, now + DAY_MS, null),
      ownTask.put(ownKey(ASKING, now, taskId), { taskId, task: 'wait' }, { expects: null, expiresAt }),
    );
    if (operations.length + 4 <= COMMIT_OPERATIONS && index + 1 < count) continue;
    await commitAll(store, operations);
    operations = [];
  }
  return ids;
}

/** Subscriptions from number `from` to `to`, each of one key. Who asks has some of the first, all others are of other callers. */
export async function fillSubscriptions({ store, scope }: World, from: number, to: number): Promise<void> {
  const { end } = await store.extent(streamLog(scope.tenant, STREAM));
  const now = runtime.now();
  const mark = await store.get(outboxKey(scope.tenant, STREAM), now);
  if (!isPresent(mark)) await commitAll(store, [noteOutbox(mark, now)]);
  let operations: Operation[] = [];
  for (let at = from; at < to; at += 1) {
    const principal = at < OF_CALLER ? ASKING : { ...ASKING, subject: `other-${Math.floor(at / OF_CALLER)}` };
    const source = `stream.${STREAM}`;
    const given = { keys: [`of-${at}`] };
    const url = `https://hooks.example.com/${at}`;
    const canonical = JSON.stringify(given);
    const id = await idOfSubscription(principal, url, source, canonical);
    const name = { tenant: principal.tenant, subject: principal.subject, id };
    const ofKey = await onlyKeyIn(canonical);
    const place = { place: scope.tenant, stream: STREAM, ...(ofKey === undefined ? {} : { ofKey }) };
    const expiresAt = now + DAY_MS;
    const times = { createdAt: now, refreshedAt: now, refreshBefore: expiresAt };
    const kept = { secret: null, previous: [], ordered: false, ended: null, ...times };
    const target = { kind: 'webhook', url, shape: 'event' } as const;
    const definition = { principal: { ...principal, scopes: ['*'] }, source, arguments: given, target, ...kept };
    operations.push(
      subscribed.put(subscriptionKey(name), definition, { expects: null, expiresAt }),
      subscriber.put(subscriberKey(place, name), { source, arguments: given, from: end }, { expects: null, expiresAt }),
      deliveryState.put(deliveryKey(name), newDelivery(place, end), { expects: null }),
    );
    if (operations.length + 3 <= COMMIT_OPERATIONS && at + 1 < to) continue;
    await commitAll(store, operations);
    operations = [];
  }
}
