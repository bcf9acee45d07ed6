/**
 * The app of the trigger kill runs: each hot event of a room begins, each cold one ends, and a pair is a hot one and a cold one. What
 * begins raises an alarm, and begins a task that nobody works on.
 */
import * as z from 'zod';
import { type App, defineApp, stream, task, trigger } from '../../../src/index.ts';

const temps = stream({
  description: 'Temperatures of rooms',
  schema: z.object({ n: z.number(), room: z.string(), celsius: z.number() }),
  key: 'room',
});
const hot = { kind: 'threshold', field: 'celsius', above: 30 } as const;
const cold = { kind: 'threshold', field: 'celsius', below: 20 } as const;

export const ROOMS = 5;

export function triggerApp(): App {
  return defineApp({
    name: 'triggered',
    version: '1',
    description: 'Rooms that are hot',
    streams: { temps },
    tasks: {
      cool: task({
        version: '1',
        description: 'Cools a room',
        input: z.object({ n: z.number() }),
        run: async () => 'cooled',
      }),
    },
    triggers: {
      hot: trigger({
        description: 'A room is hot',
        on: temps,
        when: hot,
        alarm: {},
        starts: {
          task: 'cool',
          input: ({ events }) => ({ n: (events.at(-1)?.data as { n?: number } | undefined)?.n }),
        },
      }),
      pair: trigger({
        description: 'A room was hot, and is cold',
        on: temps,
        when: { kind: 'sequence', first: hot, next: cold, withinMs: 86_400_000 },
      }),
      each: trigger({ description: 'A room is hot, once', on: temps, when: hot, dedupe: ({ key }) => key }),
    },
  });
}
