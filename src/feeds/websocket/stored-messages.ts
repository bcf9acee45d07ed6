/**
 * Tells which messages of a source that replays are stored already, and whether it left some out. Several messages may have one sequence,
 * so a message is known by its sequence and its content: the source sends it again behind a new connection, or what it replays overlaps
 * with what is live. Accepted weakness: that a source left messages out, behind a new connection or on one that stands, is noticed only
 * where its sequence counts one by one. Pure.
 */
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { readPath } from '../../base/json-path.ts';
import { countedWith, stepOf, SURE_STEPS } from '../kit/counted-steps.ts';
import { type Decoded, itemsOf } from './payload.ts';
import { asSequence, type WebSocketPosition } from './position.ts';
import type { WebSocketSettings } from './spec.ts';

/**
 * A skip on one connection is believed behind so many steps of one, and uses them up. A source whose numbers only now and then follow
 * one another, such as one that numbers the messages of all its channels together, soon has too few and is not believed again.
 */
const STEPS_A_SKIP = 20;
const MOST_STEPS = 100;

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

/** A gap event's reason, and how much is missing. */
interface Missing {
  /** `not_resumed`: behind a new connection. `skipped`: on one connection. */
  reason: 'not_resumed' | 'skipped';
  detail: string;
}

/** Looks at the messages of one connection. Each is shown to it before `isStored` notes it, and those that are no items are too. */
export interface Continuity {
  /** What is missing before the message; null: nothing that can be told. */
  missingBefore(unit: Decoded, reached: WebSocketPosition): Missing | null;
}

/** @param asked the sequence behind which the source was asked to go on; null: none */
export function continuityOf({ sequence: path }: SequenceSettings, asked: string | number | null): Continuity {
  let isFirst = true;
  return {
    missingBefore(unit, reached) {
      const sequence = sequenceOf(unit, path);
      const step = stepTo(sequence, reached);
      if (path !== undefined && (unit.invalid || (unit.ignored && step !== null && step > 0))) reached.passed += 1;
      if (sequence === null || unit.ignored) return null;
      const wasFirst = isFirst;
      isFirst = false;
      if (reached.sequence === null || reached.sequence === sequence) return null;
      // What came and made no event is not missing.
      const missing = step === null ? 0 : Math.max(0, step - 1 - reached.passed);
      const counts = step !== null && step > 0 ? missing + 1 : step;
      reached.passed = 0;
      if (!wasFirst || asked === null) {
        const isSure = missing > 0 && reached.counted >= STEPS_A_SKIP;
        const behind = `behind sequence ${reached.sequence}`;
        reached.counted = isSure ? reached.counted - STEPS_A_SKIP : countedWith(reached.counted, counts, MOST_STEPS);
        if (!isSure) return null;
        const detail = `${behind} the source went on with ${sequence}: ${missing} of its messages are missing`;
        return { reason: 'skipped', detail };
      }
      if (reached.counted < SURE_STEPS || counts === null || counts === 1) return null;
      const told = `the source was asked for what follows sequence ${asked}`;
      const reason = 'not_resumed';
      if (missing > 0)
        return { reason, detail: `${told} and went on with ${sequence}: ${missing} of its messages are missing` };
      reached.counted = 0;
      const detail = `${told} and began again with ${sequence}: what it sent in between may be missing, or come twice`;
      return { reason, detail };
    },
  };
}

function stepTo(sequence: string | number | null, reached: WebSocketPosition): number | null {
  return sequence === null || reached.sequence === null ? null : stepOf(String(reached.sequence), String(sequence));
}

function sequenceOf(unit: Decoded, path: string | undefined): string | number | null {
  return path === undefined || unit.invalid ? null : asSequence(readPath(unit.value, path));
}
