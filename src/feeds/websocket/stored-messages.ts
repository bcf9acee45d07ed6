/**
 * Tells which messages of a source that replays are stored already. Several messages may have one sequence, so a message is known by its
 * sequence and its content: the source sends it again behind a new connection, or what it replays overlaps with what is live. Pure.
 */
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { readPath } from '../../base/json-path.ts';
import { type Decoded, itemsOf } from './payload.ts';
import { asSequence, type WebSocketPosition } from './position.ts';
import type { WebSocketSettings } from './spec.ts';

/** Most messages with one sequence that are known again. Where more have it, the older of them may be stored twice, and none is lost. */
const MOST_ALIKE = 64;

/** Notes a message in the position, and answers whether it is stored already. */
export function isStored(
  unit: Decoded,
  { sequence: path, items = '' }: Pick<WebSocketSettings, 'sequence' | 'items'>,
  reached: WebSocketPosition,
): boolean {
  const sequence = path === undefined || unit.invalid ? null : asSequence(readPath(unit.value, path));
  if (sequence === null) return false;
  const content = digestOf(canonicalText(itemsOf(unit, items).map(({ data }) => data) as Json));
  const isSame = reached.sequence === sequence;
  if (isSame && reached.alike?.includes(content)) return true;
  // A release before noted no content: the first message with the sequence is then the one that is stored.
  const isUnknown = isSame && reached.alike === null;
  reached.alike = [...(isSame ? (reached.alike ?? []) : []), content].slice(-MOST_ALIKE);
  reached.sequence = sequence;
  return isUnknown;
}
