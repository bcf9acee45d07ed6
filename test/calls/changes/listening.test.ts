import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import type { Owner, Principal } from '../../../src/base/principal.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { type ChangeWatch, watchChanges } from '../../../src/calls/changes/kept.ts';
import { type Listening, listenTo } from '../../../src/calls/changes/listening.ts';
import { type Changed, nameOfChange, type Wanted } from '../../../src/calls/changes/topics.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { hinting, tellHints } from '../../../src/streams/hints.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { taskChange, taskLog } from '../../../src/tasks/records/task-log.ts';

const START = Date.UTC(2026, 10, 30, 12);
const SECOND = 1_000;

const data = z.object({ room: z.string() });
const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: {
    rooms: stream({ description: 'Rooms', schema: data, key: 'room' }),
    own: stream({ description: 'Of each tenant', schema: data, key: 'room' }),
  },
});
const rooms = app.streams.get('rooms')!;
const own = { ...app.streams.get('own')!, tenants: 'own' as never };

const ada: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const bob: Principal = { tenant: 'other', subject: 'bob', client: null, scopes: ['*'] };

let clock = createTestClock(START);
let runtime: Runtime;
let store: Store;
let watch: ChangeWatch;
let ids = 0;

beforeEach(() => {
  clock = createTestClock(START);
  runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => 0.5,
  };
  ({ store, watch } = watchChanges({ store: createMemoryStore(), runtime }));
});

const NOTHING: Wanted = { resources: [], lists: [], tasks: [] };

function ear(principal: Principal, wanted: Partial<Wanted>, take: (change: Changed) => Promise<void> = async () => {}) {
  const told: string[] = [];
  const at: number[] = [];
  const leaving = new AbortController();
  const listening: Listening = listenTo(
    { watch, runtime },
    principal,
    { ...NOTHING, ...wanted },
    {
      store,
      signal: leaving.signal,
      since: clock.now(),
      async tell(change) {
        told.push(nameOfChange(change));
        at.push(clock.now() - START);
        await take(change);
      },
    },
  );
  return { told, at, leave: () => leaving.abort(), ...listening };
}

async function commit(...operations: Parameters<Store['commit']>[0]): Promise<void> {
  const now = clock.now();
  const result = await store.commit(operations, { id: `c${(ids += 1)}`, now, deadline: now + SECOND });
  expect(result.status).toBe('committed');
}

function event(key: string, tenant = 'public', name = 'rooms') {
  const logged = { id: `e${(ids += 1)}`, key, time: clock.now(), data: { room: key } };
  return loggedEvent.append(streamLog(tenant, name), [logged]);
}

function gap() {
  const logged = { id: `e${(ids += 1)}`, time: clock.now(), data: null, meta: { gap: { reason: 'lost' } } };
  return loggedEvent.append(streamLog('public', 'rooms'), [logged]);
}

const of = (uri: string, key?: string, stream = rooms) => ({
  uri,
  sources: [{ stream, ...(key === undefined ? {} : { key }) }],
});

const tasksOf = (owner: Owner, ...ids: string[]) => ({ tasks: ids.map((id) => ({ id, owner })) });

describe('what is told', () => {
  test('a stream by any event, a key by its own, both by a gap', async () => {
    const ears = ear(ada, {
      resources: [of('stream://rooms'), of('stream://rooms/a', 'a'), of('stream://rooms/b', 'b')],
    });
    await clock.advance(SECOND);
    await commit(event('b'));
    await clock.advance(2 * SECOND);
    expect(ears.told.splice(0)).toEqual(['r stream://rooms', 'r stream://rooms/b']);
    await commit(gap());
    await clock.advance(2 * SECOND);
    expect(ears.told.toSorted()).toEqual(['r stream://rooms', 'r stream://rooms/a', 'r stream://rooms/b']);
  });

  test('hints of resources and lists, of the own tenant and of all; nothing of another tenant', async () => {
    const wanted: Partial<Wanted> = { resources: [{ uri: 'shelf://1', sources: [] }], lists: ['tools', 'prompts'] };
    const [mine, others] = [ear(ada, wanted), ear(bob, wanted)];
    await clock.advance(SECOND);
    const deadline = clock.now() + 60 * SECOND;
    await tellHints({ store, runtime }, 'acme', [{ resource: 'shelf://1' }, { resource: 'shelf://2' }], deadline);
    await tellHints({ store, runtime }, null, [{ list: 'tools' }, { list: 'resources' }], deadline);
    await tellHints({ store, runtime }, 'public', [{ list: 'prompts' }], deadline);
    await clock.advance(2 * SECOND);
    expect(mine.told.toSorted()).toEqual(['l tools', 'r shelf://1']);
    expect(others.told).toEqual(['l tools']);
  });

  test('tasks, of this principal alone', async () => {
    const eve = { ...ada, subject: 'eve' };
    const [mine, others] = [ear(ada, tasksOf(ada, 't1', 't2')), ear(eve, tasksOf(eve, 't2'))];
    await clock.advance(SECOND);
    await commit(taskChange.append(taskLog(ada), [{ taskId: 't2', task: 'report', status: 'completed', at: 1 }]));
    await commit(taskChange.append(taskLog(ada), [{ taskId: 't1', task: 'report', status: 'working', at: 1 }]));
    await commit(hinting('acme', [{ session: 't1' }]));
    await clock.advance(2 * SECOND);
    expect(mine.told.toSorted()).toEqual(['t t1', 't t2']);
    expect(others.told).toEqual([]);
  });

  test('a stream of each tenant is that of the own tenant', async () => {
    const ears = ear(ada, { resources: [of('stream://own', undefined, own)] });
    await clock.advance(SECOND);
    await commit(event('a', 'other', 'own'));
    await clock.advance(2 * SECOND);
    expect(ears.told).toEqual([]);
    await commit(event('a', 'acme', 'own'));
    await clock.advance(2 * SECOND);
    expect(ears.told).toEqual(['r stream://own']);
  });
});

describe('when it is told', () => {
  test('at once, then once a second, and once more after the last change', async () => {
    const ears = ear(ada, { resources: [of('stream://rooms')] });
    await clock.advance(60 * SECOND);
    const from = clock.now() - START;
    for (let at = 0; at < 30; at += 1) {
      await commit(event('a'));
      await clock.advance(90);
    }
    const last = clock.now() - START - 90;
    await clock.advance(5 * SECOND);
    expect(ears.at).toEqual([from, from + 1_000, from + 2_000, from + 3_000]);
    expect(ears.at.at(-1)).toBeGreaterThan(last);
  });

  test('soon after the clock was set back, what was told before it too', async () => {
    const inner = clock;
    let behind = 0;
    clock = { ...inner, now: () => inner.now() - behind };
    const ears = ear(ada, { resources: [of('stream://rooms')] });
    await clock.advance(SECOND);
    await commit(event('a'));
    await clock.advance(SECOND);
    behind = 3_600_000;
    await commit(event('a'));
    await clock.advance(3 * SECOND);
    expect(ears.told).toEqual(['r stream://rooms', 'r stream://rooms']);
  });

  test('a slow listener keeps one of each, and hears of every one when it goes on', async () => {
    const waiting: (() => void)[] = [];
    const all = Array.from({ length: 50 }, (_, index) => of(`stream://rooms/k${index}`, `k${index}`));
    const ears = ear(ada, { resources: all }, () => new Promise((resolve) => waiting.push(resolve)));
    await clock.advance(SECOND);
    for (let change = 0; change < 1_000; change += 1) await commit(event(`k${change % 50}`));
    await clock.advance(10 * SECOND);
    expect(ears.told).toHaveLength(1);
    while (waiting.length > 0) {
      waiting.pop()?.();
      await clock.advance(SECOND);
    }
    expect(new Set(ears.told).size).toBe(50);
    expect(ears.told.length).toBeLessThanOrEqual(52);
  });

  test('10,000 changes of two processes: each URI is told after its last change', async () => {
    const uris = Array.from({ length: 40 }, (_, index) => `stream://rooms/k${index}`);
    const ears = ear(ada, { resources: uris.map((uri, index) => of(uri, `k${index}`)) });
    const lastAt = new Map<string, number>();
    for (let change = 0; change < 10_000; change += 1) {
      const index = (change * 17) % 40;
      await commit(event(`k${index}`));
      lastAt.set(uris[index]!, clock.now() - START);
      if (change % 11 === 0) await clock.advance(30);
    }
    await clock.advance(3 * SECOND);
    for (const [uri, at] of lastAt) {
      expect(ears.at[ears.told.lastIndexOf(`r ${uri}`)]).toBeGreaterThanOrEqual(at);
    }
    const seconds = (clock.now() - START) / SECOND;
    expect(ears.told.length).toBeLessThanOrEqual(40 * (seconds + 1));
  });
});

describe('what is wanted may change', () => {
  test('something new is told from the given time on, something dropped no more', async () => {
    const ears = ear(ada, { resources: [of('stream://rooms/a', 'a')] });
    await clock.advance(10 * SECOND);
    await commit(event('b'));
    await clock.advance(2 * SECOND);
    expect(ears.told).toEqual([]);
    ears.want({ ...NOTHING, resources: [of('stream://rooms/b', 'b')] }, clock.now() - 5 * SECOND);
    await clock.advance(2 * SECOND);
    expect(ears.told.splice(0)).toEqual(['r stream://rooms/b']);
    await commit(event('a'));
    await commit(event('b'));
    await clock.advance(2 * SECOND);
    expect(ears.told).toEqual(['r stream://rooms/b']);
    ears.leave();
    expect(await ears.ended).toBe('left');
  });

  test('whose channel breaks hears no more, and others go on', async () => {
    const broken = ear(ada, { resources: [of('stream://rooms')] }, () => Promise.reject(new Error('cut')));
    const well = ear(ada, { resources: [of('stream://rooms')] });
    const ended = broken.ended.catch((thrown: unknown) => String(thrown));
    await clock.advance(SECOND);
    await commit(event('a'));
    await clock.advance(2 * SECOND);
    expect(await ended).toContain('cut');
    await commit(event('a'));
    await clock.advance(2 * SECOND);
    expect(broken.told).toHaveLength(1);
    expect(well.told).toHaveLength(2);
  });
});
