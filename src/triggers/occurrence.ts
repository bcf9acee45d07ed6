/**
 * Makes the occurrence of a moment: its id, its line for people, its payload. The app's functions may break: the occurrence
 * then has what it would have without them, and a note says which broke. It is never lost, and keeps no other one back.
 */
import type { LoggedEvent } from '../base/event.ts';
import { toBase64Url } from '../base/base64url.ts';
import { sha256 } from '../base/digest.ts';
import { causeText } from '../base/errors.ts';
import { type Json, jsonBytes } from '../base/json.ts';
import { plainText } from '../base/plain.ts';
import type { Runtime } from '../base/runtime.ts';
import type { DeclaredTrigger, OccurrenceData, TriggerMoment } from '../declare/trigger.ts';
import type { Moment } from './judging/moment.ts';
import type { TroubleNote } from './record.ts';

export interface MadeOccurrence {
  /** As it stands in the log of the trigger. */
  event: LoggedEvent;
  became: Moment['became'];
  /** What `dedupe` gave; null: nothing, or there is none. */
  dedupe: string | null;
  troubles: TroubleNote[];
}

/** Most bytes of a payload as JSON. */
const PAYLOAD_BYTES = 16_384;
const TITLE_CHARACTERS = 300;
/** 132 bits. */
const ID_CHARACTERS = 22;

export async function makeOccurrence(
  trigger: DeclaredTrigger,
  tenant: string,
  { cause, ...rest }: Moment,
  runtime: Pick<Runtime, 'now' | 'sha256'>,
): Promise<MadeOccurrence> {
  const now = runtime.now();
  const moment: TriggerMoment = { trigger: trigger.name, ...rest };
  const { became, key, time, value, events } = moment;
  const made = JSON.stringify([tenant, trigger.name, became, key, time, cause]);
  const hash = runtime.sha256?.(made) ?? toBase64Url(await sha256(made));
  const id = `occ_${hash.slice(0, ID_CHARACTERS)}`;
  const troubles: TroubleNote[] = [];

  /** What a function of the app gives; null where it breaks. */
  function asked<Value>(what: TroubleNote['what'], ask: () => Value): Value | null {
    try {
      return ask();
    } catch (thrown) {
      troubles.push({ at: now, occurrence: id, what, reason: causeText(thrown).slice(0, TITLE_CHARACTERS) });
      return null;
    }
  }

  const { payload: declared, says, dedupe } = trigger.declaration;
  const payload = declared && asked('payload', () => payloadOf(trigger, declared.of(moment)));
  const title = says && asked('says', () => textOf(says(moment), 'a text'));
  const text = dedupe && became === 'holding' ? asked('dedupe', () => dedupeOf(dedupe(moment))) : null;
  const severity = trigger.alarm?.severity;
  const asks = typeof severity === 'function' ? severity : null;
  const severe = asks === null ? severity : (asked('severity', () => textOf(asks(moment), 'a severity')) ?? 'warning');
  const data: OccurrenceData = {
    became,
    title: (title ?? titleOf(trigger, moment)).slice(0, TITLE_CHARACTERS),
    value,
    events,
    payload: payload ?? defaultPayload(moment),
    ...(severe === undefined ? {} : { severity: severe as NonNullable<OccurrenceData['severity']> }),
  };
  const named = { id, ...(key === null ? {} : { key }), time, data: data as unknown as Json };
  const broken = troubles.map(({ what }) => what);
  const meta = broken.length === 0 ? {} : { meta: { broken } };
  return { event: { ...named, ...meta } as LoggedEvent, became, dedupe: text, troubles };
}

function payloadOf({ payload }: DeclaredTrigger, given: unknown): Json {
  const made = JSON.parse(JSON.stringify(payload.parse(given))) as Json;
  if (jsonBytes(made) > PAYLOAD_BYTES) throw new Error(`the payload has more than ${PAYLOAD_BYTES} bytes of JSON`);
  return made;
}

function textOf<Text extends string>(given: Text, expected: string): Text {
  if (typeof given !== 'string' || !given.isWellFormed()) throw new Error(`expected ${expected}`);
  return given;
}

function dedupeOf(given: string | null): string | null {
  return given === null ? null : textOf(given, 'a text or null');
}

function defaultPayload({ key, value, events }: TriggerMoment): Json {
  const data = events.at(-1)?.data ?? null;
  return { key, value, event: jsonBytes(data) > PAYLOAD_BYTES - 2_000 ? null : data };
}

function titleOf({ title }: DeclaredTrigger, { became, key, value }: TriggerMoment): string {
  const of = [...(key === null ? [] : [plainText(key)]), ...(value === null ? [] : [String(value)])];
  const about = of.length === 0 ? '' : `: ${of.join(', ')}`;
  return `${title}${became === 'ceased' ? ' is over' : ''}${about}`;
}
