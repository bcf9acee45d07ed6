/** The engines that benchmarks run on, started for one of them and ended with it. */
import { type Engine, startEngine } from '../services/engine.ts';

/** Runs `work` with the environment that opens a fresh store on the engine. */
export async function onEngine<T>(
  engine: Engine,
  work: (environment: Record<string, string>) => Promise<T>,
): Promise<T> {
  const { environment, stop } = await startEngine(engine);
  try {
    return await work(environment);
  } finally {
    await stop();
  }
}
