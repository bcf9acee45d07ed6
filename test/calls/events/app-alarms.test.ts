/** Alarms as an app's own tools have them, over a real server. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, tool, trigger } from '../../../src/index.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { followAlarms } from '../../../src/triggers/alarms/follow.ts';
import { serveApp } from '../../mcp/served.ts';

const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: {
    rooms: stream({ description: 'Rooms', schema: z.object({ room: z.string(), celsius: z.number() }), key: 'room' }),
  },
  triggers: {
    hot: trigger({
      description: 'Too hot',
      on: 'rooms',
      when: { kind: 'threshold', field: 'celsius', above: 30 },
      alarm: {},
    }),
  },
  tools: {
    look: tool({
      description: 'Takes care of what stands',
      async run(_input, { alarms }) {
        const [first] = await alarms.list();
        if (first === undefined) return 'nothing stands';
        const { alarm, changed } = await alarms.act(first, { action: 'acknowledge', note: 'seen' });
        return JSON.stringify({ was: first.state, state: alarm.state, by: alarm.by, note: alarm.note, changed });
      },
    }),
  },
});

test('a tool lists alarms and acts on them in the name of its caller', async () => {
  const store = createMemoryStore();
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const served = await serveApp(app, { store, principal });
  onTestFinished(() => served.close());
  const look = async () => {
    const response = await served.call(
      'tools/call',
      { name: 'look', arguments: {} },
      { headers: { 'Mcp-Name': 'look' } },
    );
    const { result } = (await response.json()) as { result: { content: { text: string }[] } };
    return result.content[0]?.text ?? '';
  };
  expect(await look()).toBe('nothing stands');
  const runtime = systemRuntime(() => {});
  const occurrence = {
    id: 'o1',
    key: 'attic',
    time: runtime.now(),
    data: { became: 'holding', title: 'hot', value: 31, events: [], payload: {}, severity: 'major' },
  };
  const append = loggedEvent.append(streamLog('public', 'trigger.hot'), [occurrence]);
  await commitSurely(runtime, store, [append], runtime.now() + 10_000);
  const scope = scopeOfLogs({ app, store, runtime }, { tenant: 'public' });
  await followAlarms(scope, app.triggers.get('hot')!, runtime.now() + 10_000);
  expect(JSON.parse(await look())).toEqual({
    was: 'raised',
    state: 'acknowledged',
    by: 'ada',
    note: 'seen',
    changed: true,
  });
  expect(JSON.parse(await look())).toMatchObject({ was: 'acknowledged', changed: false });
});
