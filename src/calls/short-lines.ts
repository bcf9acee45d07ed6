/**
 * Writes events as lines, for people and for models whose client shows them text alone. A line says all that the event
 * says in the structured content, but an id that the append made and the name of the stream. Pure.
 */
import { type EventMeta, isGap, type StreamEvent } from '../base/event.ts';
import { type Json, isJsonObject } from '../base/json.ts';
import { isoTime } from '../base/time/time-text.ts';
import type { ShownRow } from './halves.ts';
import { jsonText, oneLine, plainText, saidText } from '../base/plain.ts';

const DEEPEST = 3;

/** Both forms of an event. @param identified whether events have ids of their own */
export function eventRow(event: StreamEvent, identified: boolean): ShownRow {
  const shown = shownEvent(event);
  return { line: eventLine(event, identified, shown.at), items: [shown] };
}

/** An event as the structured content shows it. */
interface ShownEvent {
  id: string;
  revision?: string;
  stream: string;
  key?: string;
  time: number;
  at: string;
  data: Json;
  meta?: EventMeta;
}

export function shownEvent({ id, revision, stream, key, time, data, meta }: StreamEvent): ShownEvent {
  const shown: Partial<ShownEvent> = { id };
  if (revision !== undefined) shown.revision = revision;
  shown.stream = stream;
  if (key !== undefined) shown.key = key;
  shown.time = time;
  shown.at = isoTime(time);
  shown.data = data;
  if (meta !== undefined) shown.meta = meta;
  return shown as ShownEvent;
}

/**
 * `2026-11-20T12:00:00Z boiler-1 temp=80.5 motor.on=true id:"7"`: fields by their path, and behind them what is no field. One
 * line, whatever the event holds.
 */
export function eventLine(event: StreamEvent, identified: boolean, at = isoTime(event.time)): string {
  const { id, revision, key, data, meta } = event;
  const parts = key === undefined ? [at] : [at, plainText(key)];
  if (isGap(event)) {
    const { reason = '', detail } = meta?.gap ?? {};
    const why = [reason, ...(detail ? [detail] : [])].map(saidText);
    parts.push('GAP: events are missing before this one:', ...why);
  } else {
    addValues(parts, data, '', 0);
    if (identified && !isTold(id, data)) parts.push(`id:${JSON.stringify(id)}`);
  }
  if (revision !== undefined) parts.push(`revision:${JSON.stringify(revision)}`);
  const { gap: _gap, ...context } = meta ?? {};
  if (meta !== undefined && Object.keys(context).length > 0) parts.push(`meta:${JSON.stringify(context)}`);
  return oneLine(parts.join(' '));
}

/** Twelve significant digits: what follows them in an aggregate is noise of its sums. */
export function numberText(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(12)));
}

/** `3 min`, `2 h`: the greatest unit that fits. */
export function ageText(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 1_000) return `${Math.round(age)} ms`;
  if (age < 120_000) return `${Math.round(age / 1_000)} s`;
  if (age < 7_200_000) return `${Math.round(age / 60_000)} min`;
  return age < 172_800_000 ? `${Math.round(age / 3_600_000)} h` : `${Math.round(age / 86_400_000)} days`;
}

/** `3 min ago`, `2 h ahead` */
export function agoText(ms: number): string {
  return ms < 0 ? `${ageText(-ms)} ahead` : `${ageText(ms)} ago`;
}

/** The id is a field of the event, as it mostly is where the source has ids. */
function isTold(id: string, data: Json): boolean {
  return isJsonObject(data) && Object.values(data).some((value) => typeof value !== 'object' && String(value) === id);
}

/** Adds each field of the data as `path=value`. All events of a stream are written so: it makes no list that it does not need. */
function addValues(parts: string[], data: Json, path: string, depth: number): void {
  const names = isJsonObject(data) && depth < DEEPEST ? Object.keys(data) : [];
  if (!isJsonObject(data) || names.length === 0) {
    const text = JSON.stringify(data);
    parts.push(path === '' ? text : `${path}=${text}`);
    return;
  }
  for (const name of names) {
    const step = stepOf(name);
    addValues(parts, data[name] ?? null, path === '' ? step : `${path}.${step}`, depth + 1);
  }
}

/** A field's name in a path. Events of one stream have the same few names. */
const steps = new Map<string, string>();
const MOST_STEPS = 1_000;
const STEP_CHARACTERS = 256;

function stepOf(name: string): string {
  const known = steps.get(name);
  if (known !== undefined) return known;
  const step = name.includes('.') ? jsonText(name) : plainText(name);
  if (name.length > STEP_CHARACTERS) return step;
  if (steps.size >= MOST_STEPS) steps.clear();
  steps.set(name, step);
  return step;
}
