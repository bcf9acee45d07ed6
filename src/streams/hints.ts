/**
 * The log of hints of a tenant: that something changed which has no log of its own. A hint may come twice and holds no data;
 * who hears of it reads what it names. What concerns all tenants stands in the log of the app's own tenant, with `all`.
 */
import * as z from 'zod';
import { APP_TENANT } from '../base/principal.ts';
import { asTidegateError } from '../base/errors.ts';
import { sureTime } from '../store/clock-seen.ts';
import { commitSurely } from '../store/commit.ts';
import { logEntry } from '../store/record.ts';
import type { Append } from '../store/store.ts';
import type { Deps } from './deps.ts';

/** What a client can list, by the names of MCP and of its events extension. */
export const LISTS = ['tools', 'resources', 'prompts', 'events'] as const;
export type ListName = (typeof LISTS)[number];

export type Hint =
  /** The content of a resource. `all`: for every tenant. */
  | { resource: string; all?: true }
  /** What is listed. */
  | { list: ListName; all?: true }
  /** Something is kept for a session of an earlier revision, by the session's id; or its client gives a request up, by that one's id. */
  | { session: string; cancelled?: string | number };

export function hintsLog(tenant: string): string {
  return `${tenant}/hints`;
}

export const hint = logEntry<Hint>('hint', () => {
  const all = z.exactOptional(z.literal(true));
  return z.union([
    z.strictObject({ resource: z.string(), all }),
    z.strictObject({ list: z.enum(LISTS), all }),
    z.strictObject({ session: z.string(), cancelled: z.exactOptional(z.union([z.string(), z.number()])) }),
  ]);
});

/** For a commit that changes what the hints name, so that whoever listens hears of it. Whoever uses it calls `trimHints`. */
export function hinting(tenant: string, hints: readonly Hint[]): Append {
  return hint.append(hintsLog(tenant), hints);
}

/**
 * Tells of changes. One store call.
 * @param tenant null: it concerns every tenant
 * @throws TidegateError as `commitSurely`
 */
export async function tellHints(
  deps: Pick<Deps, 'store' | 'runtime'>,
  tenant: string | null,
  hints: readonly Exclude<Hint, { session: string }>[],
  deadline: number,
): Promise<void> {
  const told: readonly Hint[] = tenant === null ? hints.map((each) => ({ ...each, all: true })) : hints;
  const of = tenant ?? APP_TENANT;
  await commitSurely(deps.runtime, deps.store, [hinting(of, told)], deadline);
  await trimHints(deps, of);
}

/** How many hints are kept, and for how long: as long as somebody who polls may stay away. */
const KEPT_HINTS = 10_000;
const KEPT_HINTS_MS = 7 * 86_400_000;
/** One call in so many trims the log. */
const LOOK_EVERY = 100;

/** Called after hints were appended; most calls do nothing. A failure is logged, and a later call tries again. */
export async function trimHints({ store, runtime }: Pick<Deps, 'store' | 'runtime'>, tenant: string): Promise<void> {
  if (runtime.random() * LOOK_EVERY >= 1) return;
  const now = runtime.now();
  const log = hintsLog(tenant);
  try {
    const agesBy = await sureTime({ store, runtime });
    await store.trim(log, { now, keep: KEPT_HINTS, limit: 10 * LOOK_EVERY });
    await store.trim(log, { now, appendedBefore: agesBy - KEPT_HINTS_MS, limit: 10 * LOOK_EVERY });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'the log of hints is not trimmed', { code, message });
  }
}
