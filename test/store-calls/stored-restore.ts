/** Leaves behind what a restored copy has until it is resumed, and that a schedule called. */
import { heldForm } from '../../src/operate/backup/held.ts';
import { heldKey, heldRecord, restoreState, toHeld } from '../../src/operate/backup/state.ts';
import { commitSurely } from '../../src/store/commit.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { RESTORE_KEY } from '../../src/streams/half-restored.ts';
import { noteScheduled } from '../../src/streams/presence.ts';
import { subscriberKey } from '../../src/deliveries/records/names.ts';

export async function driveRestore({ app, store, runtime }: Deps): Promise<void> {
  await noteScheduled({ app, store, runtime });
  const key = subscriberKey(
    { place: 'public', stream: 'readings' },
    { tenant: 'public', subject: 'public', id: 'sub_held' },
  );
  const held = toHeld(heldForm({ ...key, value: 1, expiresAt: null, due: null }, runtime.now(), true));
  if (held === null) throw new Error('nothing is held');
  const state = { sum: '', id: runtime.newId(), stage: 'held', at: runtime.now() } as const;
  const puts = [
    restoreState.put(RESTORE_KEY, state, { expects: null }),
    heldRecord.put(heldKey(key), held, { expects: null }),
  ];
  await commitSurely(runtime, store, puts, runtime.now() + 20_000);
}
