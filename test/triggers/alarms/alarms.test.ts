/** Alarms whole: events, triggers, the follower, tools, resources and streams of events, over a host. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { followAlarms } from '../../../src/triggers/alarms/follow.ts';
import { alarmKey, alarmRecord, ALARMS_LOG } from '../../../src/triggers/alarms/records.ts';
import { createAlarmWork } from '../../../src/triggers/alarms/work.ts';
import { openEvents } from '../../http/events/reader.ts';
import { createListeningHost } from '../../mcp/listen/listening-host.ts';

const [SECOND, MINUTE] = [1_000, 60_000];
const [ADA, BOB] = ['acme ada *', 'other bob *'];
const data = z.object({ room: z.string(), celsius: z.number() });

const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: {
    rooms: stream({ description: 'Rooms', schema: data, key: 'room', tenants: 'each' }),
    outside: stream({ description: 'The weather', schema: data, key: 'room' }),
  },
  triggers: {
    hot: trigger({
      description: 'Too hot',
      on: 'rooms',
      when: { kind: 'threshold', field: 'celsius', above: 30 },
      alarm: { severity: ({ value }) => ((value ?? 0) > 40 ? 'critical' : 'major') },
    }),
    smoke: trigger({
      description: 'Smoke',
      on: 'rooms',
      when: { kind: 'threshold', field: 'celsius', above: 90 },
      alarm: { severity: 'critical', clears: false },
    }),
    frost: trigger({
      description: 'Frost outside',
      on: 'outside',
      when: { kind: 'threshold', field: 'celsius', below: 0 },
      alarm: {},
    }),
  },
});

type Stage = ReturnType<typeof createListeningHost>;
interface Shown {
  trigger: string;
  key: string;
  state: string;
  severity: string;
  by: string | null;
  note: string | null;
  count: number;
  occurrence: string;
  uri: string;
}

const stageOf = (store: Store = createMemoryStore()) =>
  createListeningHost(app, {
    store,
    tenants: () => ['acme', 'other'],
    listening: { streamMs: 60 * MINUTE, most: 10, reads: null },
  });

let nextId = 0;

async function measure(
  stage: Stage,
  room: string,
  celsius: number,
  { tenant = 'acme', name = 'rooms', lateMs = 0 } = {},
): Promise<void> {
  const { store, runtime, clock, host } = stage;
  await clock.advance(SECOND);
  const event = { id: `e${(nextId += 1)}`, key: room, time: runtime.now() - lateMs, data: { room, celsius } };
  await commitSurely(runtime, store, [loggedEvent.append(streamLog(tenant, name), [event])], runtime.now() + MINUTE);
  await clock.drive(host.scheduled(clock.now() + 30 * SECOND));
}

async function tool({ call }: Stage, name: string, given: object, who = ADA) {
  const { result, error } = await call('tools/call', { name, arguments: given }, who);
  const { structuredContent, content, isError } = (result ?? {}) as {
    structuredContent?: { alarms?: Shown[]; alarm?: Shown; changed?: boolean; cursor?: string | null };
    content?: { text: string }[];
    isError?: boolean;
  };
  return { ...structuredContent, text: content?.[0]?.text ?? '', isError: isError === true, error };
}

const list = async (stage: Stage, given: object = {}, who = ADA) =>
  ((await tool(stage, 'list_alarms', given, who)).alarms ?? []).map(
    ({ trigger: of, key, state }) => `${of} ${key} ${state}`,
  );

describe('from an event to a person', () => {
  test('an alarm is raised, acknowledged, returned and cleared, and who did what stays on record', async () => {
    const stage = stageOf();
    const reader = await openEvents(stage, '/alarms/events', { who: ADA });
    await measure(stage, 'attic', 35);
    await measure(stage, 'cellar', 45);
    const { alarms = [], text } = await tool(stage, 'list_alarms', {});
    expect(alarms.map(({ key, state, severity }) => [key, state, severity])).toEqual([
      ['attic', 'raised', 'major'],
      ['cellar', 'raised', 'critical'],
    ]);
    expect(text).toContain('raised, critical: "hot: cellar, 45"');
    expect(text).toContain('acknowledge_alarm {"trigger":"hot","key":"attic"');
    const act = { trigger: 'hot', key: 'attic', note: 'on my way' };
    const done = await tool(stage, 'acknowledge_alarm', act);
    expect(done).toMatchObject({ changed: true, alarm: { state: 'acknowledged', by: 'ada', note: 'on my way' } });
    expect(await tool(stage, 'acknowledge_alarm', { ...act, note: 'again' })).toMatchObject({
      changed: false,
      alarm: { note: 'on my way' },
    });
    await measure(stage, 'attic', 20);
    await measure(stage, 'cellar', 20);
    expect(await list(stage)).toEqual(['hot cellar returned']);
    expect(await list(stage, { states: ['cleared', 'returned'], severity: ['major'] })).toEqual(['hot attic cleared']);
    await tool(stage, 'acknowledge_alarm', { trigger: 'hot', key: 'cellar', action: 'clear' });
    expect(await list(stage)).toEqual([]);
    await measure(stage, 'attic', 31);
    await stage.clock.advance(11 * SECOND);
    const heard = reader
      .news()
      .map(({ data: told }) => told['data'] as { action: string; state: string; alarm: { key: string; by: string } });
    expect(heard.map(({ action, state, alarm }) => `${alarm.key} ${action} ${state}`)).toEqual([
      'attic raise raised',
      'cellar raise raised',
      'attic acknowledge acknowledged',
      'attic cease cleared',
      'cellar cease returned',
      'cellar clear cleared',
      'attic raise raised',
    ]);
    expect(heard[2]?.alarm.by).toBe('ada');
    const { result } = await stage.call('resources/read', { uri: 'alarm://hot/attic' }, ADA);
    const [{ text: read = '' } = {}] = (result?.['contents'] ?? []) as { text?: string }[];
    expect(JSON.parse(read)).toMatchObject({
      state: 'raised',
      count: 1,
      history: [
        { action: 'raise' },
        { action: 'cease' },
        { action: 'acknowledge', by: 'ada', note: 'on my way' },
        { action: 'raise' },
      ],
    });
    const audit = await stage.call('resources/read', { uri: 'stream://audit' }, ADA);
    expect(JSON.stringify(audit.result)).toContain('acknowledge_alarm');
    reader.leave();
  });

  test('a shelved alarm is out of sight, moves beneath, and comes back when its time is over', async () => {
    const stage = stageOf();
    await measure(stage, 'attic', 35);
    const shelve = { trigger: 'hot', key: 'attic', action: 'shelve', minutes: 10 };
    expect(await tool(stage, 'acknowledge_alarm', shelve)).toMatchObject({
      changed: true,
      alarm: { state: 'shelved' },
    });
    expect(await tool(stage, 'acknowledge_alarm', shelve)).toMatchObject({ changed: false });
    expect(await list(stage)).toEqual([]);
    await measure(stage, 'attic', 20);
    expect(await list(stage, { states: ['shelved'] })).toEqual(['hot attic shelved']);
    await stage.clock.advance(10 * MINUTE);
    // It is so by the clock, before anybody stores it.
    expect(await list(stage)).toEqual(['hot attic returned']);
    await stage.clock.drive(stage.host.scheduled(stage.clock.now() + 30 * SECOND));
    const { entries } = await stage.store.last(streamLog('acme', ALARMS_LOG), 1);
    expect(loggedEvent.read(entries[0]!).data).toMatchObject({
      action: 'shelf_end',
      was: 'shelved',
      state: 'returned',
    });
    await measure(stage, 'attic', 36);
    await tool(stage, 'acknowledge_alarm', shelve);
    expect(await tool(stage, 'acknowledge_alarm', { ...shelve, action: 'unshelve', minutes: undefined })).toMatchObject(
      {
        alarm: { state: 'raised', count: 2 },
      },
    );
  });

  test('an old reading that comes late clears no alarm, and raises none that a newer one cleared', async () => {
    const stage = stageOf();
    await measure(stage, 'attic', 35);
    await measure(stage, 'attic', 20, { lateMs: 5 * MINUTE });
    expect(await list(stage)).toEqual(['hot attic raised']);
    await tool(stage, 'acknowledge_alarm', { trigger: 'hot', key: 'attic' });
    await measure(stage, 'attic', 20);
    await measure(stage, 'attic', 36, { lateMs: 5 * MINUTE });
    expect(await list(stage)).toEqual([]);
    await measure(stage, 'attic', 36);
    expect(await list(stage)).toEqual(['hot attic raised']);
  });

  test('what is over is listed with when it was raised, and until when it held', async () => {
    const stage = stageOf();
    await measure(stage, 'attic', 35);
    expect((await tool(stage, 'list_alarms', {})).text).toMatch(/^raised.*\(since 2/);
    await measure(stage, 'attic', 20);
    const { text, alarms = [] } = await tool(stage, 'list_alarms', {});
    const [{ raisedAt, lastAt }] = alarms as unknown as [{ raisedAt: string; lastAt: string }];
    expect(text).toContain(`(raised ${raisedAt}, until ${lastAt})`);
    expect(lastAt > raisedAt).toBe(true);
  });

  test('one that only a person clears stays until then, and is not cleared while it holds', async () => {
    const stage = stageOf();
    await measure(stage, 'attic', 95);
    const clear = { trigger: 'smoke', key: 'attic', action: 'clear' };
    const refused = await tool(stage, 'acknowledge_alarm', clear);
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('still holds');
    await measure(stage, 'attic', 20);
    expect(await list(stage, { trigger: 'smoke' })).toEqual(['smoke attic raised']);
    expect(await tool(stage, 'acknowledge_alarm', clear)).toMatchObject({ changed: true, alarm: { state: 'cleared' } });
  });

  test('who says which occurrence was seen acknowledges no later one', async () => {
    const stage = stageOf();
    await measure(stage, 'attic', 35);
    const [seen] = (await tool(stage, 'list_alarms', {})).alarms ?? [];
    await measure(stage, 'attic', 20);
    await measure(stage, 'attic', 50);
    const act = { trigger: 'hot', key: 'attic', occurrence: seen?.occurrence };
    expect((await tool(stage, 'acknowledge_alarm', act)).text).toContain('raised again');
    expect(await list(stage)).toEqual(['hot attic raised']);
  });

  test('pages', async () => {
    const stage = stageOf();
    for (const room of ['a', 'b', 'c']) await measure(stage, room, 95);
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page: Awaited<ReturnType<typeof tool>> = await tool(stage, 'list_alarms', {
        limit: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...(page.alarms ?? []).map(({ uri }) => uri));
      ({ cursor } = page);
    } while (cursor);
    expect(seen.toSorted()).toEqual(
      ['a', 'b', 'c'].flatMap((key) => [`alarm://hot/${key}`, `alarm://smoke/${key}`]).toSorted(),
    );
    expect((await tool(stage, 'list_alarms', { cursor: 'x' })).isError).toBe(true);
  });
});

describe('whose alarms', () => {
  test('a tenant has its own, and nothing of another', async () => {
    const stage = stageOf();
    const reader = await openEvents(stage, '/alarms/events', { who: BOB });
    await measure(stage, 'attic', 35);
    expect(await list(stage, {}, BOB)).toEqual([]);
    const other = await tool(stage, 'acknowledge_alarm', { trigger: 'hot', key: 'attic' }, BOB);
    const none = await tool(stage, 'acknowledge_alarm', { trigger: 'hot', key: 'nowhere' }, BOB);
    expect([other.isError, other.text.replace('attic', 'nowhere')]).toEqual([true, none.text]);
    await stage.clock.advance(11 * SECOND);
    expect(reader.told).toEqual([]);
    reader.leave();
  });

  test('of shared ones the state is for all, and who did what has a name for the own tenant alone', async () => {
    const stage = stageOf();
    const [own, others] = [
      await openEvents(stage, '/alarms/shared/events', { who: ADA }),
      await openEvents(stage, '/alarms/shared/events?severity=warning', { who: BOB }),
    ];
    await measure(stage, 'yard', -5, { tenant: 'public', name: 'outside' });
    await tool(stage, 'acknowledge_alarm', { trigger: 'frost', key: 'yard', note: 'salt is out' });
    const seen = await tool(stage, 'list_alarms', { trigger: 'frost' }, BOB);
    expect(seen.alarms).toMatchObject([{ state: 'acknowledged', by: 'somebody', note: null }]);
    await stage.clock.advance(11 * SECOND);
    expect(JSON.stringify(own.told)).toContain('salt is out');
    expect(others.told).toHaveLength(2);
    expect(JSON.stringify(others.told)).not.toMatch(/salt is out|ada|acme/);
    for (const each of [own, others]) each.leave();
  });

  test.each([
    ['acme eve streams:read', false, false],
    ['acme eve streams:read alarms:read', true, false],
    ['acme eve streams:read alarms:read:hot alarms:write:hot', true, true],
    ['acme eve alarms:read alarms:write', false, false],
  ])('%s', async (who, reads, writes) => {
    const stage = stageOf();
    await measure(stage, 'attic', 35);
    const { result } = await stage.call('tools/list', {}, who);
    const names = ((result?.['tools'] ?? []) as { name: string }[]).map(({ name }) => name);
    expect([names.includes('list_alarms'), names.includes('acknowledge_alarm')]).toEqual([reads, writes]);
    expect(await list(stage, {}, who)).toEqual(reads ? ['hot attic raised'] : []);
    const reader = await openEvents(stage, '/alarms/events', { who });
    expect(reader.status).toBe(reads ? 200 : 404);
    reader.leave();
    await tool(stage, 'acknowledge_alarm', { trigger: 'hot', key: 'attic' }, who);
    expect(await list(stage)).toEqual([`hot attic ${writes ? 'acknowledged' : 'raised'}`]);
  });
});

test('whoever follows, ends and follows again, one store call at a time, each occurrence counts once', async () => {
  const inner = createMemoryStore();
  const stage = stageOf(inner);
  const { runtime } = stage;
  const occurrences = Array.from({ length: 60 }, (_, index) => ({
    id: `o${index}`,
    key: `k${index % 7}`,
    time: runtime.now() + index,
    data: {
      became: index % 3 === 2 ? 'ceased' : 'holding',
      title: `t${index}`,
      value: index,
      events: [],
      payload: {},
      severity: 'major',
    },
  }));
  await commitSurely(
    runtime,
    inner,
    [loggedEvent.append(streamLog('acme', 'trigger.hot'), occurrences)],
    runtime.now() + MINUTE,
  );
  let left = 0;
  const dying =
    (call: 'get' | 'getMany' | 'read' | 'commit', isAnswerLost: boolean) =>
    async (...asked: never[]) => {
      left -= 1;
      if (left < 0 && !isAnswerLost) throw new Error('killed');
      const answer = await (inner[call] as (...given: never[]) => Promise<unknown>)(...asked);
      if (left < 0) throw new Error('killed');
      return answer;
    };
  for (let calls = 0, over = false; !over && calls < 100; calls += 1) {
    left = calls % 6;
    const store = { ...inner } as Store;
    for (const call of ['get', 'getMany', 'read', 'commit'] as const)
      Object.assign(store, { [call]: dying(call, calls % 2 === 1) });
    const scope = { ...scopeOfLogs({ app, runtime, store }, { tenant: 'acme' }) };
    try {
      over = (await followAlarms(scope, app.triggers.get('hot')!, runtime.now() + MINUTE)).caughtUp && left > 0;
    } catch {
      over = false;
    }
  }
  const scope = scopeOfLogs({ app, runtime, store: inner }, { tenant: 'acme' });
  // Two at once.
  await Promise.all([1, 2].map(async () => followAlarms(scope, app.triggers.get('hot')!, runtime.now() + MINUTE)));
  await createAlarmWork({ app, runtime, store: inner }).behind('acme', runtime.now() + MINUTE);
  const { entries } = await inner.read(streamLog('acme', ALARMS_LOG), null, 1_000);
  const ids = entries.map((entry) => loggedEvent.read(entry).id);
  expect(new Set(ids).size).toBe(ids.length);
  let raised = 0;
  for (let key = 0; key < 7; key += 1) {
    const alarm = alarmRecord.read(await inner.get(alarmKey('acme' as never, 'hot', `k${key}`), runtime.now()));
    raised += alarm?.count ?? 0;
  }
  expect(raised).toBe(occurrences.filter(({ data: { became } }) => became === 'holding').length);
});

describe('who listens to an alarm', () => {
  test('hears of it and of no other, whatever happened to it, in its own tenant', async () => {
    const stage = stageOf();
    const uri = 'alarm://hot/attic';
    await measure(stage, 'attic', 20);
    const listen = (who: string, uris: string[]) => stage.listen({ resourceSubscriptions: uris }, who);
    const [mine, others, theirs] = [
      await listen(ADA, [uri]),
      await listen(ADA, ['alarm://smoke/attic', 'alarm://hot/cellar']),
      await listen(BOB, [uri]),
    ];
    const asked = await stage.call('tools/call', { name: 'poll_changes', arguments: { uris: [uri] } }, ADA);
    const { cursor } = (asked.result as { structuredContent: { cursor: string } }).structuredContent;
    const told = async () => {
      await stage.clock.advance(11 * SECOND);
      return [mine, others, theirs].map((each) => each.news().filter((name) => name.includes('resources/updated')));
    };
    expect(await told()).toEqual([[], [], []]);
    const updated = [`resources/updated ${uri}`];
    await measure(stage, 'attic', 35);
    expect(await told()).toEqual([updated, [], []]);
    const act = { trigger: 'hot', key: 'attic' };
    for (const given of [{}, { action: 'shelve', minutes: 10 }]) {
      await tool(stage, 'acknowledge_alarm', { ...act, ...given });
      expect(await told()).toEqual([updated, [], []]);
    }
    // It was so already.
    await tool(stage, 'acknowledge_alarm', act);
    expect(await told()).toEqual([[], [], []]);
    await stage.clock.advance(10 * MINUTE);
    await stage.clock.drive(stage.host.scheduled(stage.clock.now() + 30 * SECOND));
    expect(await told()).toEqual([updated, [], []]);
    const polled = await stage.call('tools/call', { name: 'poll_changes', arguments: { uris: [uri], cursor } }, ADA);
    expect(polled.result).toMatchObject({ structuredContent: { changes: [{ uri }] } });
    for (const each of [mine, others, theirs]) each.leave();
  });

  test('of shared ones every tenant hears; who may not read them is refused', async () => {
    const stage = stageOf();
    const uri = 'alarm://frost/yard';
    const theirs = await stage.listen({ resourceSubscriptions: [uri] }, BOB);
    await measure(stage, 'yard', -5, { tenant: 'public', name: 'outside' });
    await stage.clock.advance(11 * SECOND);
    expect(theirs.news()).toContain(`resources/updated ${uri}`);
    theirs.leave();
    const asked = { name: 'poll_changes', arguments: { uris: [uri] } };
    const refused = await stage.call('tools/call', asked, 'acme eve streams:read');
    expect(refused.error?.message).toContain('alarms:read:frost');
  });
});

test('the history of a quiet alarm is found behind what happened to others, and says where it may go on', async () => {
  const stage = stageOf();
  await measure(stage, 'attic', 35);
  const { store, runtime } = stage;
  const { entries } = await store.last(streamLog('acme', ALARMS_LOG), 1);
  const { data: told } = loggedEvent.read(entries[0]!) as unknown as { data: { alarm: object } };
  const others = async (key: string, count: number) => {
    for (let left = count; left > 0; left -= 500) {
      const events = Array.from({ length: Math.min(500, left) }, () => ({
        id: `x${(nextId += 1)}`,
        key,
        time: runtime.now(),
        data: { ...told, alarm: { ...told.alarm, key } },
      }));
      const append = loggedEvent.append(streamLog('acme', ALARMS_LOG), events);
      await commitSurely(runtime, store, [append], runtime.now() + MINUTE);
    }
  };
  const historyOf = async () => {
    const { result } = await stage.call('resources/read', { uri: 'alarm://hot/attic' }, ADA);
    const [{ text = '' } = {}] = (result?.['contents'] ?? []) as { text?: string }[];
    const { history, truncated } = JSON.parse(text) as { history: { action: string }[]; truncated: boolean };
    return [history.length, truncated];
  };
  expect(await historyOf()).toEqual([1, false]);
  await others('cellar', 5_000);
  expect(await historyOf()).toEqual([1, false]);
  await others('attic', 25);
  expect(await historyOf()).toEqual([20, true]);
  await others('cellar', 10_000);
  expect(await historyOf()).toEqual([0, true]);
});
