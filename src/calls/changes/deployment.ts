/**
 * Tells of lists that changed with a deployment. The store keeps a digest of each list as the newest deployment shows it. A
 * process compares its own lists when somebody first listens to lists, or first asks about them: then whoever came back to a new
 * deployment hears of it, and nobody else has to be told.
 */
import * as z from 'zod';
import { digestOf } from '../../base/digest.ts';
import { asTidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { record } from '../../store/record.ts';
import type { RecordKey, Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { type Hint, hinting, LISTS, type ListName } from '../../streams/hints.ts';

export type ListDigests = Readonly<Record<ListName, string>>;

/** One for the app: every tenant is shown the lists of the same deployment. */
const KEY: RecordKey = { partition: `${APP_TENANT}/deployment`, id: 'lists' };

const deployed = record<{ lists: Record<ListName, string>; at: number }>(
  'lists of a deployment',
  () =>
    z.strictObject({
      lists: z.strictObject({ tools: z.string(), resources: z.string(), prompts: z.string(), events: z.string() }),
      at: z.number(),
    }),
  { version: 2, upgrade: { 1: withEvents } },
);

const NO_EVENTS = digestOf('[]');

/** Of a deployment that listed no events. */
function withEvents(value: Json): Json {
  const { lists, at } = value as { lists: JsonObject; at: number };
  return { lists: { ...lists, events: NO_EVENTS }, at };
}

/** How long comparing lists with the store may take, ms. */
const NOTE_MS = 10_000;

/** Compares once in a process, by the view of the store of whoever asks first; where it fails, the next one tries again. It never rejects. */
export function createDeploymentNote(
  runtime: Deps['runtime'],
  digests: () => ListDigests,
): (view: Store) => Promise<void> {
  const bootedAt = runtime.now();
  let isNoted = false;
  return async (view) => {
    if (isNoted) return;
    isNoted = true;
    try {
      await noteDeployment({ store: view, runtime }, digests(), bootedAt, runtime.now() + NOTE_MS);
    } catch (thrown) {
      isNoted = false;
      const { code, message } = asTidegateError(thrown);
      runtime.log('warn', `nobody is told that lists changed: ${message}`, { code });
    }
  };
}

/**
 * Stores the digests where the store has others, and tells of the lists that differ. One store call, and another one where they
 * differ. A process that began before the newest deployment was stored is of an older one, and changes nothing.
 * @param bootedAt when this process began, epoch ms
 */
async function noteDeployment(
  { store, runtime }: Pick<Deps, 'store' | 'runtime'>,
  lists: ListDigests,
  bootedAt: number,
  deadline: number,
): Promise<void> {
  const now = runtime.now();
  const reading = await store.get(KEY, now);
  const standing = deployed.read(reading);
  const different = LISTS.filter((list) => standing?.lists[list] !== lists[list]);
  if (different.length === 0 || (standing !== null && standing.at >= bootedAt)) return;
  const hints: Hint[] = standing === null ? [] : different.map((list) => ({ list, all: true }));
  const put = deployed.replace(reading, { lists: { ...lists }, at: now });
  // Where another process was faster, it told the same.
  await commitSurely(runtime, store, [put, ...(hints.length > 0 ? [hinting(APP_TENANT, hints)] : [])], deadline);
}
