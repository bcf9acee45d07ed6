/** A process on Node that stays up: from an event to its alarm in a browser's stream, and to the answer of the task that it begins. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { defineApp, stream, task, trigger } from '../../src/index.ts';

const ran: number[] = [];
const app = defineApp({
  name: 'standing',
  version: '1',
  description: 'Rooms',
  streams: {
    rooms: stream({ description: 'Rooms', schema: z.object({ room: z.string(), celsius: z.number() }), key: 'room' }),
  },
  tasks: {
    cool: task({
      description: 'Cools',
      version: '1',
      run: async () => {
        ran.push(Date.now());
        return 'done';
      },
    }),
  },
  triggers: {
    hot: trigger({
      description: 'Hot',
      on: 'rooms',
      when: { kind: 'threshold', field: 'celsius', above: 30 },
      alarm: {},
      starts: { task: 'cool' },
    }),
  },
});

const EVENTS = 10;

test(
  'an alarm is told within a second or so, and the task has begun by then or soon after',
  { timeout: 60_000 },
  async () => {
    const config = readConfig({ STORE: 'memory', PORT: '0', HOST: '127.0.0.1' }, 'memory');
    const serving = await serve(
      config,
      app,
      systemRuntime(() => {}),
    );
    onTestFinished(() => serving.stop());
    const leaving = new AbortController();
    onTestFinished(() => leaving.abort());
    const response = await fetch(`${serving.url}/alarms/events`, { signal: leaving.signal });
    const heard = new Map<string, number>();
    const read = async () => {
      for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
        for (const [, key = ''] of piece.matchAll(/"action":"raise".*?"key":"(\w+)"/g)) heard.set(key, Date.now());
      }
    };
    void read().catch(() => {});
    const streams = createAppStreams(serving.deps, PUBLIC);
    const sent = new Map<string, number>();
    for (let index = 0; index < EVENTS; index += 1) {
      sent.set(`r${index}`, Date.now());
      await streams.append('rooms', { room: `r${index}`, celsius: 40 });
      await expect.poll(() => heard.has(`r${index}`), { timeout: 10_000, interval: 5 }).toBe(true);
    }
    await expect.poll(() => ran.length, { timeout: 10_000, interval: 20 }).toBe(EVENTS);
    const took = [...sent].map(([key, at]) => (heard.get(key) ?? Infinity) - at).toSorted((one, other) => one - other);
    const began = [...sent.values()]
      .map((at, index) => (ran[index] ?? Infinity) - at)
      .toSorted((one, other) => one - other);
    console.log(
      `alarm told after ${took[EVENTS / 2]} ms (p50), ${took.at(-1)} ms at most; task ran after ${began[EVENTS / 2]}, ${began.at(-1)} ms`,
    );
    expect(took[EVENTS / 2]).toBeLessThan(1_500);
  },
);
