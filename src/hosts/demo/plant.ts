/**
 * A plant that does not exist: three units, each with a pump, that publish their temperature, pressure and pump state on
 * the demo's own broker about once a second. Every payload says `simulated: true`, so that no agent takes it for real.
 */
import type { Runtime } from '../../base/runtime.ts';
import { type DemoBroker, startDemoBroker } from './broker.ts';
import { advance, readings, UNITS } from './model.ts';

export interface DemoPlant {
  url: string;
  stop(): Promise<void>;
}

interface DemoPlantOptions {
  runtime: Pick<Runtime, 'now' | 'random' | 'sleep' | 'log'>;
  /** Time between two readings of a unit; default 1,000. */
  everyMs?: number;
}

export async function startDemoPlant({ runtime, everyMs = 1_000 }: DemoPlantOptions): Promise<DemoPlant> {
  const broker = await startDemoBroker();
  const stopping = new AbortController();
  const running = run(broker, runtime, everyMs, stopping.signal);
  return {
    url: broker.url,
    async stop() {
      stopping.abort();
      await running;
      await broker.stop();
    },
  };
}

async function run(
  broker: DemoBroker,
  runtime: DemoPlantOptions['runtime'],
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  let units = UNITS;
  try {
    while (!signal.aborted) {
      const time = runtime.now();
      units = units.map((unit) => advance(unit, time, () => runtime.random()));
      for (const { topic, payload, retain } of units.flatMap((unit) => readings(unit, time))) {
        await broker.publish(topic, JSON.stringify(payload), retain);
      }
      await runtime.sleep(everyMs, signal);
    }
  } catch (error) {
    runtime.log('error', 'the simulated plant stopped', {
      message: error instanceof Error ? error.message : String(error),
    });
  }
}
