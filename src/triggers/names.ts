/** Keys of what is stored of triggers. Each begins with the tenant in whose name the trigger stands. */
import { fixedPrincipal, type Principal } from '../base/principal.ts';
import { EVERY_SCOPE } from '../base/scopes.ts';
import type { RecordKey } from '../store/store.ts';

/** The record of a trigger: where it stands in its logs, and what it remembers. */
export function triggerKey(tenant: string, trigger: string): RecordKey {
  return { partition: `${tenant}/trigger`, id: trigger };
}

/** A piece of what a trigger remembers of its keys, or has yet to tell, where that is much. No piece is written twice. */
export function triggerPieceKey(tenant: string, trigger: string, piece: string): RecordKey {
  return { partition: `${tenant}/trigger-part/${trigger}`, id: piece };
}

/** The mark of an occurrence by the text that `dedupe` gave, as a digest. */
export function triggerOnceKey(tenant: string, trigger: string, digest: string): RecordKey {
  return { partition: `${tenant}/trigger-once/${trigger}`, id: digest };
}

/** Who begins the tasks of a trigger: the app itself, in the tenant in whose name the occurrence stands. */
export function reactingAs(tenant: string, trigger: string): Principal {
  return fixedPrincipal({ tenant, subject: `trigger:${trigger}`, client: null, scopes: [EVERY_SCOPE] });
}
