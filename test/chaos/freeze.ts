/** Freezes an appender in the midst of an append: it has begun one, and has no answer yet. */
import { READ_LIMIT } from '../../src/store/limits.ts';
import type { Store } from '../../src/store/store.ts';
import type { Numbered } from './appender.ts';
import type { Child } from './child.ts';
import type { Gate } from './gate.ts';
import { comesToHold } from './until.ts';

export interface Frozen {
  /** How often it was frozen, the last time included. */
  freezes: number;
  /** How often it held the engine's lock, so that nobody could append until it was thawed. */
  blocking: number;
  /** Whether its append stood in the log while it was frozen, although it did not know. */
  landed: boolean;
}

const MOST_FREEZES = 60;
/** So many freezes are given to find one between reading the log's end and the append's effect. */
const SEEKING_FREEZES = 15;
const OTHERS_WITHIN_MS = 250;

/** Freezes it when it was told where the log ends, and has not heard it yet: what it appends then is long out of date. */
export async function freezeAtGate(gate: Gate, appender: Child): Promise<Frozen> {
  const { release } = await gate.hold();
  await appender.freeze();
  release();
  return { freezes: 1, blocking: 0, landed: false };
}

/** Freezes it again and again, until it stands in the midst of an append and the others can go on. */
export async function freezeInAppend(
  store: Store,
  log: string,
  name: string,
  appender: Child,
  others: readonly Child[],
): Promise<Frozen> {
  const appended = () => others.reduce((sum, { note }) => sum + note.done, 0);
  let blocking = 0;
  for (let freezes = 1; freezes <= MOST_FREEZES; freezes += 1) {
    await appender.freeze();
    if (appender.note.begun > appender.note.done) {
      const before = appended();
      const goesOn = await comesToHold(() => appended() > before + others.length, OTHERS_WITHIN_MS);
      if (!goesOn) blocking += 1;
      const landed = goesOn && (await stands(store, log, { by: name, n: appender.note.begun - 1 }));
      if (goesOn && (!landed || freezes >= SEEKING_FREEZES)) return { freezes, blocking, landed };
    }
    const { done } = appender.note;
    appender.thaw();
    await comesToHold(() => appender.note.done > done, OTHERS_WITHIN_MS);
  }
  throw new Error(`an appender could not be frozen in the midst of an append in ${MOST_FREEZES} tries`);
}

async function stands(store: Store, log: string, { by, n }: Numbered): Promise<boolean> {
  const { entries } = await store.last(log, READ_LIMIT);
  return entries.some(({ value }) => {
    const entry = value as unknown as Numbered;
    return entry.by === by && entry.n === n;
  });
}
