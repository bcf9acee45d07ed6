/** Cold rooms: an alarm with states that people work on, more severe the warmer it is. */
import * as z from 'zod';
import { defineApp, stream, trigger } from 'tidegate';

const rooms = stream({
  description: 'Temperature of cold rooms',
  schema: z.object({ room: z.string(), celsius: z.number().meta({ unit: '°C' }) }),
  key: 'room',
});

const warm = trigger({
  title: 'Too warm',
  description: 'A cold room is above 8 °C. Acknowledge the alarm when you look after it.',
  on: rooms,
  when: { kind: 'threshold', field: 'celsius', above: 8, hysteresis: 1 },
  alarm: { severity: ({ value }) => ((value ?? 0) > 15 ? 'critical' : 'major') },
});

export default defineApp({
  name: 'cold-rooms',
  version: '1.0.0',
  description: 'Cold rooms of a warehouse',
  streams: { rooms },
  triggers: { warm },
});
