/** Waiting for a condition, with a bound. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 5;

/** @throws Error where it does not come to hold within `withinMs` (default 30 s) */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs: number = 30_000,
): Promise<void> {
  if (!(await comesToHold(holds, withinMs))) throw new Error(`not within ${withinMs} ms: ${what}`);
}

export async function comesToHold(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const last = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > last) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
