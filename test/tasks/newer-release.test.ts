/**
 * Two releases beside each other: what a newer one has written of a task is neither read nor overwritten here. The task is
 * passed over for ten minutes, no turn of it counts as lost, and it goes on where this release can read it again.
 */
import { expect, test } from 'vitest';
import { task } from '../../src/declare/task.ts';
import { PASS_OVER_MS } from '../../src/store/due.ts';
import { isPresent, type Put, type RecordKey, type Store, type StoredRecord } from '../../src/store/store.ts';
import { assignmentKey, readAssignment } from '../../src/tasks/records/assignment.ts';
import { headerKey } from '../../src/tasks/records/header.ts';
import { inputKey } from '../../src/tasks/records/input.ts';
import { waiterKey } from '../../src/tasks/records/names.ts';
import { rememberedKey } from '../../src/tasks/records/remembered.ts';
import { workOnTask } from '../../src/tasks/work/work-on-task.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { waitStage } from './wait-stage.ts';

const TENANT = 'public';
const longer = task({
  description: 'a task of the test',
  version: '1',
  async run(_input, { step, sleep }) {
    await step('first', () => 1);
    await sleep(1_000);
    return String(await step('second', () => 2));
  },
});

async function stored(store: Store, key: RecordKey, now: number): Promise<StoredRecord> {
  const reading = await store.get(key, now);
  if (!isPresent(reading)) throw new Error(`${key.id} is not stored`);
  return reading;
}

/** Puts another value in place of a record's, as another release does; answers the value that stood there. */
async function rewrite(store: Store, key: RecordKey, now: number, change: (value: Put['value']) => Put['value']) {
  const { value, version: expects, expiresAt, due } = await stored(store, key, now);
  const put: Put = { kind: 'put', ...key, value: change(value), expects, expiresAt, due };
  const result = await store.commit([put], { id: `rewrite ${expects}`, now, deadline: now + 1_000 });
  if (result.status !== 'committed') throw new Error(result.status);
}

const newer = (value: Put['value']): Put['value'] => ({ $v: 99, value });
const asBefore = (value: Put['value']): Put['value'] => {
  if (typeof value !== 'object' || !('value' in value) || value['value'] == null) throw new Error('not rewritten');
  return value['value'];
};

test.each([
  ['its header', (id: string) => headerKey(TENANT, id)],
  ['its input', (id: string) => inputKey(TENANT, id)],
  ['its assignment', (id: string) => assignmentKey(TENANT, id)],
  ['a step that it remembers', (id: string) => rememberedKey(TENANT, id, 'step first')],
])('%s is of a newer release', async (_what, keyOf) => {
  const stage = waitStage(undefined, { longer });
  const { store, clock } = stage;
  const id = await stage.begin('longer');
  await stage.work();
  clock.now += 2_000;
  await rewrite(store, keyOf(id), clock.now, newer);
  const written = await stored(store, keyOf(id), clock.now);

  await stage.work();
  const passedAt = clock.now;
  expect((await stored(store, keyOf(id), clock.now)).value).toEqual(written.value);
  const { due } = await stored(store, assignmentKey(TENANT, id), clock.now);
  expect(due?.at).toBeGreaterThan(passedAt + PASS_OVER_MS - 60_000);
  expect(await stage.work()).toMatchObject({ entered: 0, more: false });

  await rewrite(store, keyOf(id), clock.now, asBefore);
  expect(readAssignment(await stored(store, assignmentKey(TENANT, id), clock.now))?.assignment).toMatchObject({
    holder: null,
    lost: 0,
    failures: 0,
  });
  await stage.settle();
  expect((await stage.get(id)).status).toBe('completed');
});

test('a hint for a task does not cut short the time for which it is passed over', async () => {
  const stage = waitStage(undefined, { longer });
  const { store, clock } = stage;
  const id = await stage.begin('longer');
  await stage.work();
  clock.now += 2_000;
  await rewrite(store, rememberedKey(TENANT, id, 'step first'), clock.now, newer);
  const hint = () => workOnTask(scopeOfLogs(stage.tasks, { tenant: TENANT }), id, null, clock.now + 20_000);
  // The first hint meets what is newer; the others find the task passed over, and write nothing.
  await expect(hint()).rejects.toMatchObject({ code: 'newer_version' });
  const { version, due } = await stored(store, assignmentKey(TENANT, id), clock.now);
  expect(due?.at).toBe(clock.now + PASS_OVER_MS);
  expect(await hint()).toBeNull();
  expect(await stage.work()).toMatchObject({ entered: 0, more: false });
  clock.now += PASS_OVER_MS - 1;
  expect(await hint()).toBeNull();
  expect((await stored(store, assignmentKey(TENANT, id), clock.now)).version).toBe(version);

  await rewrite(store, rememberedKey(TENANT, id, 'step first'), clock.now, asBefore);
  clock.now += 1;
  await stage.settle();
  expect((await stage.get(id)).status).toBe('completed');
});

test('beside a waiter of a newer release the others are woken, and each round reads only what is new', async () => {
  const stage = waitStage();
  const { store, clock } = stage;
  const above = (celsius: number) => stage.wait({ kind: 'threshold', field: 'celsius', above: celsius });
  const newerOne = await above(30);
  const [waiter] = await stage.waiters();
  const key = waiterKey(
    TENANT,
    'temps',
    { tenant: TENANT, taskId: newerOne },
    (waiter?.id ?? '').slice(newerOne.length + 1),
  );
  const others = [await above(30), await above(60)] as const;
  await rewrite(store, key, clock.now, newer);
  const written = await stored(store, key, clock.now);

  await stage.publish(31);
  expect(await stage.follow()).toMatchObject({ entries: 1, matched: 1, newer: { code: 'newer_version' } });
  await stage.settle();
  expect(await stage.ended(others[0])).toMatchObject({ event: { data: { celsius: 31 } } });
  // More than two rounds of the follower, all behind the position that is kept.
  for (let n = 0; n < 1_100; n += 1) await stage.publish(1);
  expect(await stage.follow()).toMatchObject({ entries: 1_100, matched: 0, caughtUp: true });
  await stage.publish(61);
  const woken: string[] = [];
  expect(await stage.follow(stage.deps, (id) => woken.push(id))).toMatchObject({ entries: 1, matched: 1 });
  expect(woken).toEqual([others[1]]);
  await stage.settle();
  expect(await stage.ended(others[1])).toMatchObject({ event: { data: { celsius: 61 } } });
  expect(await stored(store, key, clock.now)).toEqual(written);

  await rewrite(store, key, clock.now, asBefore);
  expect(await stage.follow()).toMatchObject({ matched: 1, newer: null });
  await stage.settle();
  expect(await stage.ended(newerOne)).toMatchObject({ event: { data: { celsius: 31 } } });
});

test('no follower of this release moves past a waiter of a newer one, which alone can be read later', async () => {
  const stage = waitStage();
  const { store, clock } = stage;
  const id = await stage.wait({ kind: 'threshold', field: 'celsius', above: 30 });
  const [waiter] = await stage.waiters();
  const key = waiterKey(TENANT, 'temps', { tenant: TENANT, taskId: id }, (waiter?.id ?? '').slice(id.length + 1));
  await rewrite(store, key, clock.now, newer);
  await stage.publish(31);
  expect(await stage.follow()).toMatchObject({ matched: 0, newer: { code: 'newer_version' } });

  await rewrite(store, key, clock.now, asBefore);
  await stage.follow();
  await stage.settle();
  expect(await stage.ended(id)).toMatchObject({ event: { data: { celsius: 31 } } });
});
