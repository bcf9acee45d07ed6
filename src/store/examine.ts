/**
 * What is wrong with a store: the one place that the start, `/readyz`, the sweep and whoever looks into a store by hand ask.
 * It asks whether the engine
 * answers, lets the driver say what it knows of its file or its keys, and tries a write, which a full or locked store refuses.
 */
import { asTidegateError } from '../base/errors.ts';
import type { Log } from '../base/runtime.ts';
import type { StoreFinding, Store } from './store.ts';

/** The counter by which a write is tried. */
const TRIED = 'examine';
const TRIED_MS = 60_000;

/**
 * The findings, those first that stop the store; none: it reads and writes. It does not throw, and does not wait for
 * longer than the driver's calls do.
 * @param now epoch ms
 * @param thorough may take as long as reading all that is stored
 */
export async function examine(store: Store, now: number, thorough = false): Promise<StoreFinding[]> {
  const found: StoreFinding[] = [];
  try {
    await store.ping();
    found.push(...((await store.findings?.({ now, thorough })) ?? []));
    if (!found.some(({ stops }) => stops)) await store.add(TRIED, 1, { now, expiresAt: now + TRIED_MS });
  } catch (thrown) {
    found.push({ error: asTidegateError(thrown), stops: true });
  }
  return found.toSorted((a, b) => Number(b.stops) - Number(a.stops));
}

/** Tells the operator what was found. */
export function tellFindings(log: Log, store: Store, findings: readonly StoreFinding[]): void {
  for (const { error, stops } of findings) {
    const { code, field, hint } = error;
    const more = { ...(field === null ? {} : { field }), ...(hint === null ? {} : { hint }) };
    log(stops ? 'error' : 'warn', `the store: ${error.message}`, { store: store.name, code, ...more });
  }
}
