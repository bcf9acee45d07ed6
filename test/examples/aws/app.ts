/** Temperatures that rooms send, and a task that ends when a room is warm. */
import { defineApp, secret, stream, task } from 'tidegate';
import * as z from 'zod';

const rooms = stream({
  description: 'The temperature of each room.',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
  push: { token: secret('PUSH_TOKEN') },
});

const heated = task({
  description: 'Ends when a room is warm, within a day.',
  version: '1',
  input: z.object({ room: z.string() }),
  run: async ({ room }, { waitFor }) => {
    const condition = { kind: 'threshold', field: 'celsius', above: 19, key: room } as const;
    const warm = await waitFor(rooms, condition, { timeoutMs: 86_400_000 });
    return warm === null ? `${room} stayed cold.` : `${room} has ${warm.event.data.celsius} °C.`;
  },
});

export default defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'The rooms of a plant',
  streams: { rooms },
  tasks: { heated },
});
