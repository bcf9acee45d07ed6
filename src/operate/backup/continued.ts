/**
 * Whether what an interrupted restore left stands there as it left it. Where others wrote meanwhile, going on would overwrite what they
 * wrote, or take it for a part of the backup.
 */
import { canonicalText } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { encodeCursor } from '../../store/cursor.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { type FilledEntry, isPresent, type Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { mapEpochs, newEpochs } from './epochs.ts';
import { filledByOthers, NOTED_RECORDS, notedLogs } from './filled.ts';
import { readBlocks } from './format.ts';
import { type HeldForm, heldForm } from './held.ts';
import { isOfLogs } from './kinds.ts';
import type { RestoreState } from './state.ts';

interface Going {
  open: () => AsyncIterable<string>;
  hold: boolean;
  progress: (done: number, total: number | null, unit: string) => void;
  signal: AbortSignal;
}

/**
 * Reads the records of the backup once more.
 * @param former epochs of its logs
 * @throws TidegateError `invalid_input` where one of them stands with another value than the restore gave it
 */
export async function refuseChanged(
  deps: Deps,
  former: ReadonlyMap<string, string>,
  { id, at }: RestoreState,
  { open, hold, progress, signal }: Going,
): Promise<void> {
  const epochs = newEpochs(former, id);
  const noted = notedLogs(deps.app);
  let forms: HeldForm[] = [];
  let done = 0;
  for await (const part of readBlocks(open())) {
    signal.throwIfAborted();
    if (part.kind === 'log') break;
    if (part.kind !== 'record') continue;
    const { partition, id: name } = part.record;
    progress((done += 1), null, 'compared');
    // What commands note changes with each of them.
    if (NOTED_RECORDS.has(partition) || isOfLogs(partition, name, noted)) continue;
    forms.push(heldForm(mapEpochs(part.record as never, epochs), at, hold));
    if (forms.length < GET_MANY_LIMIT) continue;
    await compare(deps, forms);
    forms = [];
  }
  await compare(deps, forms);
}

async function compare({ store, runtime }: Deps, forms: readonly HeldForm[]): Promise<void> {
  const named = forms.flatMap(({ standing, aside }) => {
    const key = standing ?? aside;
    return key === null ? [] : [{ key, standing }];
  });
  if (named.length === 0) return;
  const keys = named.map(({ key }) => key);
  const readings = await store.getMany(keys, runtime.now());
  for (const [place, { key, standing }] of named.entries()) {
    const found = readings[place];
    if (found === undefined || !isPresent(found)) continue;
    const isSame = standing !== null && canonicalText(found.value) === canonicalText(standing.value);
    if (!isSame) throw filledByOthers(`the record ${key.id} of ${key.partition}`);
  }
}

/** Whether these entries stand in a log, from its place on. */
export async function isSameEntries(
  store: Pick<Store, 'read'>,
  { name, epoch, place }: { name: string; epoch: string; place: number },
  entries: readonly FilledEntry[],
): Promise<boolean> {
  const page = await store.read(name, encodeCursor(epoch, place), entries.length);
  return !page.truncated && textOf(page.entries) === textOf(entries);
}

function textOf(entries: readonly FilledEntry[]): string {
  return canonicalText(entries.map(({ appendedAt, value }): Json => [appendedAt, value]));
}
