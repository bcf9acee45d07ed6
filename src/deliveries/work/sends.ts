/** Sends what is pending, and says what came of each. An event that is not in hand is read from the log again. */
import { encodeTailCursor } from '../../streams/log/tail-cursor.ts';
import type { StreamScope } from '../../streams/scope.ts';
import type { Selection } from '../../streams/sources/sources.ts';
import type { Cursor } from '../../store/store.ts';
import { gapBody, messageId } from '../send/bodies.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { type FoundEvent, readAgain } from './intake.ts';
import type { Tried } from '../send/tried.ts';
import { sendControl, sendEvent, type Sending } from '../send/send.ts';
import { type DeliveryState, type Pending, watermarkOf } from '../records/state.ts';

type SendAnswer =
  | { kind: 'tried'; tried: Tried }
  /** It cannot be sent: this is to be sent in its place. */
  | { kind: 'instead'; pending: Pending[] };

interface Standing {
  to: Sending;
  selection: Selection;
  scope: StreamScope;
  /** What was read in this turn. */
  known: ReadonlyMap<string, FoundEvent>;
}

export function createSends(deps: DeliveryDeps, { to, selection, scope, known }: Standing) {
  const { source } = selection;

  /**
   * The watermark that goes with an item. Where all before it is done, it is the position behind it: who has the item has all up
   * to there.
   */
  function cursorFor(state: DeliveryState, item: Pending, behind: Cursor | null): string {
    const isFirst = state.pending[0]?.id === item.id;
    return encodeTailCursor(source.stream.name, isFirst ? behind : watermarkOf(state));
  }

  return {
    /** Errors as the store's: what is sent is never one. */
    async of(state: DeliveryState, item: Pending): Promise<SendAnswer> {
      if (item.kind === 'gap') {
        const body = gapBody(cursorFor(state, item, item.before));
        return { kind: 'tried', tried: await sendControl(deps, to, item.id, body) };
      }
      const found = known.get(item.id) ?? (await readAgain(scope, item, selection));
      if (found === 'removed') return { kind: 'instead', pending: [] };
      if (found === 'trimmed') {
        const gap: Pending = { ...item, kind: 'gap', id: messageId('gap', deps.runtime.newId()), attempts: 0 };
        return { kind: 'instead', pending: [gap] };
      }
      const cursor = cursorFor(state, item, found.cursor);
      return { kind: 'tried', tried: await sendEvent(deps, to, source, found.occurrence, cursor) };
    },
  };
}
