/**
 * Writes events as lines, for people and for models whose client shows them text alone. A line says all that the event
 * says in the structured content, but an id that the append made and the name of the stream. Pure.
 */
import { isGap, type StreamEvent } from '../base/event.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { isoTime } from '../base/time/time-text.ts';
import type { ShownRow } from './halves.ts';
import { jsonText, plainText, saidText } from '../base/plain.ts';

const DEEPEST = 3;

/** Both forms of an event. @param identified whether events have ids of their own */
export function eventRow(event: StreamEvent, identified: boolean): ShownRow {
  const shown = shownEvent(event);
  return { line: eventLine(event, identified, shown.at), items: [shown] };
}

/** An event as the structured content shows it. */
export function shownEvent({ id, revision, stream, key, time, data, meta }: StreamEvent) {
  return {
    id,
    ...(revision === undefined ? {} : { revision }),
    stream,
    ...(key === undefined ? {} : { key }),
    time,
    at: isoTime(time),
    data,
    ...(meta === undefined ? {} : { meta }),
  };
}

/**
 * `2026-11-20T12:00:00Z boiler-1 temp=80.5 motor.on=true id:"7"`: fields by their path, and behind them what is no field.
 */
export function eventLine(event: StreamEvent, identified: boolean, at = isoTime(event.time)): string {
  const { id, revision, key, data, meta } = event;
  const { gap, ...context } = meta ?? {};
  const parts = [at, ...(key === undefined ? [] : [plainText(key)])];
  if (isGap(event)) {
    const { reason = '', detail } = gap ?? {};
    const why = [reason, ...(detail ? [detail] : [])].map(saidText);
    parts.push('GAP: events are missing before this one:', ...why);
  } else {
    parts.push(...valuesOf(data, '', 0));
    if (identified && !isTold(id, data)) parts.push(`id:${jsonText(id)}`);
  }
  if (revision !== undefined) parts.push(`revision:${jsonText(revision)}`);
  if (Object.keys(context).length > 0) parts.push(`meta:${jsonText(context)}`);
  return parts.join(' ');
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
  return isObject(data) && Object.values(data).some((value) => typeof value !== 'object' && String(value) === id);
}

function valuesOf(data: Json, path: string, depth: number): string[] {
  if (!isObject(data) || depth >= DEEPEST || Object.keys(data).length === 0) {
    return [path === '' ? jsonText(data) : `${path}=${jsonText(data)}`];
  }
  return Object.entries(data).flatMap(([name, value]) => {
    const step = name.includes('.') ? jsonText(name) : plainText(name);
    return valuesOf(value, path === '' ? step : `${path}.${step}`, depth + 1);
  });
}

function isObject(data: Json): data is JsonObject {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
