/**
 * Tells which messages of a source that replays are stored already, and whether it left some out. Several messages may have one sequence,
 * so a message is known by its sequence and its content: the source sends it again behind a new connection, or what it replays overlaps
 * with what is live. Accepted weakness: that a source left messages out is noticed only where its sequence counts one by one. Pure.
 */
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { readPath } from '../../base/json-path.ts';
import { countedWith, stepOf, SURE_STEPS } from '../kit/counted-steps.ts';
import { type Decoded, itemsOf } from './payload.ts';
import { asSequence, type WebSocketPosition } from './position.ts';
import type { WebSocketSettings } from './spec.ts';

/** Most messages with one sequence that are known again. Where more have it, the older of them may be stored twice, and none is lost. */
const MOST_ALIKE = 64;

/** Notes a message in the position, and answers whether it is stored already. */
export function isStored(
  unit: Decoded,
  { sequence: path, items = '' }: SequenceSettings,
  reached: WebSocketPosition,
): boolean {
  const sequence = sequenceOf(unit, path);
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

type SequenceSettings = Pick<WebSocketSettings, 'sequence' | 'items'>;

/** Looks at the messages of one connection. Each is shown to it before `isStored` notes it. */
export interface Continuity {
  /** What is missing before the message; null: nothing that can be told. */
  missingBefore(unit: Decoded, reached: WebSocketPosition): string | null;
}

/** @param asked the sequence behind which the source was asked to go on; null: none */
export function continuityOf({ sequence: path }: SequenceSettings, asked: string | number | null): Continuity {
  let isFirst = true;
  return {
    missingBefore(unit, reached) {
      const sequence = sequenceOf(unit, path);
      if (sequence === null) return null;
      const wasFirst = isFirst;
      isFirst = false;
      if (reached.sequence === null || reached.sequence === sequence) return null;
      const step = stepOf(String(reached.sequence), String(sequence));
      if (!wasFirst || asked === null) {
        reached.counted = countedWith(reached.counted, step);
        return null;
      }
      if (reached.counted < SURE_STEPS || step === null || step === 1) return null;
      const told = `the source was asked for what follows sequence ${asked}`;
      if (step > 1) return `${told} and went on with ${sequence}: ${step - 1} of its messages are missing`;
      reached.counted = 0;
      return `${told} and began again with ${sequence}: what it sent in between may be missing, or come twice`;
    },
  };
}

function sequenceOf(unit: Decoded, path: string | undefined): string | number | null {
  return path === undefined || unit.invalid ? null : asSequence(readPath(unit.value, path));
}
