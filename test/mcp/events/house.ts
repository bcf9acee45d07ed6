/** An app with events: a stream of rooms, one for each tenant, and a trigger; and requests of clients that stay open. */
import * as z from 'zod';
import { defineApp, stream, tool, trigger } from '../../../src/index.ts';
import type { AppOptions } from '../../../src/declare/app.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { createListeningHost, type Listener, type Sent } from '../listen/listening-host.ts';

export const [ADA, BOB, READER, OPEN] = [
  'acme ada *',
  'other bob *',
  'acme rita streams:read:rooms',
  'public public *',
];

const data = z.object({ room: z.string(), celsius: z.number() });
export const rooms = stream({ description: 'Temperatures of rooms', schema: data, key: 'room', tenants: 'each' });
export const secret = stream({
  description: 'Not for everybody',
  schema: z.object({ v: z.number() }),
  tenants: 'each',
});

export const houseWith = (more: Partial<AppOptions> = {}) =>
  defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: { rooms, secret },
    triggers: {
      hot: trigger({
        description: 'A room is too hot',
        on: rooms,
        when: { kind: 'threshold', field: 'celsius', above: 30 },
      }),
    },
    tools: {
      put: tool({
        description: 'Appends',
        input: data.extend({ id: z.string().optional(), time: z.number().optional() }),
        run: async ({ room, celsius }, { streams }) => {
          await streams.append(rooms, { room, celsius });
          return 'done';
        },
      }),
    },
    ...more,
  });

export interface Polled {
  events: { eventId: string; name: string; timestamp: string; data: { key?: string; data?: { celsius: number } } }[];
  cursor: string;
  truncated: boolean;
  hasMore: boolean;
  nextPollMs: number;
  resultType: string;
}

export function createHouse(own: Partial<HostOptions> = {}, more: Partial<AppOptions> = {}) {
  const app = houseWith(more);
  const at = createListeningHost(app, own);

  async function put(celsius: number, room = 'attic', who = ADA): Promise<void> {
    const { error } = await at.call('tools/call', { name: 'put', arguments: { room, celsius } }, who);
    if (error) throw new Error(error.message);
  }

  async function poll(params: object = {}, who = ADA): Promise<Polled> {
    const { result, error } = await at.call('events/poll', { name: 'stream.rooms', ...params }, who);
    if (error) throw new Error(JSON.stringify(error));
    return result as unknown as Polled;
  }

  /** As `put`, and those who listen hear of it. */
  async function tell(...given: Parameters<typeof put>): Promise<void> {
    await put(...given);
    await at.clock.advance(250);
  }

  const open = (params: object = {}, who = ADA, id: string | number = 1): Promise<Listener> =>
    at.open('events/stream', { name: 'stream.rooms', ...params }, who, id);

  return { ...at, app, put, tell, poll, open };
}

export const celsiusOf = ({ events }: Polled) => events.map(({ data: { data: reading } }) => reading?.celsius);

/** What a stream sent since the last time, in short: `active`, `event 20`, `heartbeat`, … */
export function told(listener: Listener): string[] {
  return listener.messages.splice(0).map(shortOf);
}

export function shortOf({ method, params, result, error }: Sent): string {
  if (error) return `error ${error.code}`;
  if (result) return 'completed';
  const name = method?.replace('notifications/events/', '') ?? '';
  const { data: payload } = (params ?? {}) as { data?: { data?: { celsius?: number } } };
  const about = name === 'event' ? ` ${payload?.data?.celsius}` : params?.['truncated'] === true ? ' truncated' : '';
  return `${name}${about}`;
}
