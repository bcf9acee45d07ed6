/** Tasks that triggers begin are held where a restore holds: what triggers tell from now on waits as well. */
import { APP_TENANT } from '../../base/principal.ts';
import { isPresent } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { reactionNotes, reactionsKey } from '../../triggers/reaction-notes.ts';
import { heldKey, heldRecord } from './state.ts';
import type { RecordWriter } from './write-records.ts';

/**
 * Triggers that have not begun a task yet hold back too: what they tell from now on is told where the data come from as well.
 * Answers how many are held.
 */
export async function holdReactions({ store, runtime, app }: Deps, writer: RecordWriter, at: number): Promise<number> {
  await writer.flush();
  let held = 0;
  for (const { name, starts } of app.triggers.values()) {
    const key = reactionsKey(APP_TENANT, name);
    if (starts === null || isPresent(await store.get(key, runtime.now()))) continue;
    const value = reactionNotes.encode({ begun: 0, failed: 0, notes: [] });
    const standing = reactionNotes.encode({ begun: 0, failed: 0, notes: [], heldSince: at });
    const aside = { ...key, value, expiresAt: null, due: null, standing };
    await writer.put(heldKey(key), heldRecord.encode(aside), {});
    await writer.put(key, standing, {});
    held += 1;
  }
  return held;
}
