/** The streams that `npm start` adds, because only Node has what fills them: this machine, and a simulated plant on MQTT. */
import * as z from 'zod';
import { extendApp } from '../../declare/check/define-app.ts';
import type { App } from '../../declare/app.ts';
import type { Runtime } from '../../base/runtime.ts';
import { from, mqtt, stream } from '../../index.ts';
import { hostStream } from './machine.ts';

interface Demo {
  app: App;
  /** Lines for the welcome text. */
  notes: string[];
  stop(): Promise<void>;
}

const simulated = z.boolean().optional().describe('True where a simulator made it up');

const Temperature = z.object({
  value: z.number().meta({ unit: '°C', description: 'Temperature at the outlet' }),
  unit: z.literal('°C'),
  simulated,
});
const Pressure = z.object({
  value: z.number().meta({ unit: 'bar', description: 'Pressure behind the pump' }),
  unit: z.literal('bar'),
  simulated,
});
const Pump = z.object({
  state: z.enum(['running', 'stopped', 'fault']).describe('What the pump does; told when it changes, and now and then'),
  simulated,
});

/** One kind of message of each unit of the plant, `plant/<unit>/<topic>`, keyed by the unit. */
function ofPlant<Schema extends z.ZodType>(
  topic: string,
  events: number,
  about: { title: string; description: string; schema: Schema },
) {
  return stream({
    ...about,
    retention: { events },
    feed: from('plant', { topic: `plant/+/${topic}`, keyLevel: 1 }),
  });
}

const PLANT = {
  temperatures: ofPlant('temperature', 50_000, {
    title: 'Plant temperatures',
    description: 'Outlet temperature of each unit of the plant, about once a second.',
    schema: Temperature,
  }),
  pressures: ofPlant('pressure', 50_000, {
    title: 'Plant pressures',
    description: 'Pressure behind the pump of each unit of the plant, about once a second.',
    schema: Pressure,
  }),
  pumps: ofPlant('state', 10_000, {
    title: 'Plant pumps',
    description: 'State of each pump of the plant, when it changes.',
    schema: Pump,
  }),
};

/**
 * @param mqttUrl broker of a real plant with the same topics; null: an embedded broker with a simulator is started.
 */
export async function addDemo(app: App, runtime: Runtime, mqttUrl: string | null): Promise<Demo> {
  const plant = mqttUrl === null ? await startPlant(runtime) : null;
  const url = mqttUrl ?? plant?.url ?? '';
  const feed = mqtt({
    url,
    clientId: 'tidegate-plant',
    ...(plant === null ? {} : { protocolVersion: 4 }),
    everyMs: 2_000,
    budget: { timeMs: 1_500 },
  });
  return {
    app: extendApp(app, {
      feeds: { plant: feed },
      streams: {
        host: hostStream,
        ...PLANT,
      },
    }),
    notes: [
      plant === null ? `plant: MQTT at ${new URL(url).host}` : `plant: simulated, on an embedded MQTT broker at ${url}`,
    ],
    stop: async () => plant?.stop(),
  };
}

async function startPlant(runtime: Runtime): Promise<{ url: string; stop(): Promise<void> }> {
  const { startDemoPlant } = await import('./plant.ts');
  return startDemoPlant({ runtime });
}
