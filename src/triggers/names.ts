/** RememberedKeys of what is stored of triggers. Each begins with the tenant in whose name the trigger stands. */
import type { RecordKey } from '../store/store.ts';

/** The record of a trigger: where it stands in its logs, and what it remembers. */
export function triggerKey(tenant: string, trigger: string): RecordKey {
  return { partition: `${tenant}/trigger`, id: trigger };
}

/** A part of what a trigger remembers of its keys, where that is much. */
export function triggerPartKey(tenant: string, trigger: string, part: number): RecordKey {
  return { partition: `${tenant}/trigger-part/${trigger}`, id: String(part) };
}

/** The mark of an occurrence by the text that `dedupe` gave, as a digest. */
export function triggerOnceKey(tenant: string, trigger: string, digest: string): RecordKey {
  return { partition: `${tenant}/trigger-once/${trigger}`, id: digest };
}
