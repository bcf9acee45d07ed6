/**
 * Adds settings to the text of `wrangler.jsonc` without touching what stands there, comments above all: a new member or element goes
 * behind the last one of what holds it. Whoever calls compares what the new text says. Pure.
 */
import type { Json } from '../../../base/json.ts';
import type { Addition } from '../../platforms/cloudflare-settings.ts';

const STEP = '  ';

/** The text of an addition, as it stands within its object or list. */
export function jsoncLines({ path, value, isElement }: Addition): string[] {
  return memberText(path, isElement ? [value] : value, '').split('\n');
}

/** The text with the addition in it. The same text where there is no place for it. */
export function addToJsonc(text: string, { path, value, isElement }: Addition): string {
  let at = opening(text, 0);
  let depth = 0;
  while (at !== null && text[at] === '{' && depth < path.length) {
    const held = memberAt(text, at, path[depth] ?? '');
    if (held === null) {
      const rest = memberText(path.slice(depth), isElement ? [value] : value, STEP.repeat(depth + 1));
      return inserted(text, at, rest, depth);
    }
    at = held;
    depth += 1;
  }
  if (at === null || text[at] !== '[' || !isElement || depth < path.length) return text;
  return inserted(text, at, valueText(value, STEP.repeat(depth + 1)), depth);
}

function inserted(text: string, bracket: number, added: string, depth: number): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const { past, close, hasComma } = contentsOf(text, bracket);
  const isEmpty = past === bracket + 1;
  const line = `${end}${STEP.repeat(depth + 1)}${added.replaceAll('\n', end)}${hasComma ? ',' : ''}`;
  const comma = hasComma || isEmpty ? '' : ',';
  // Before the line of the bracket that closes, and behind comments; where that is the same line, it gets one of its own.
  const gap = /\r?\n[ \t]*$/.exec(text.slice(past, close));
  const place = gap === null ? close : past + gap.index;
  const between = text.slice(past, place);
  const rest = gap === null ? `${end}${STEP.repeat(depth)}${text.slice(close)}` : text.slice(place);
  return `${text.slice(0, past)}${comma}${gap === null ? between.trimEnd() : between}${line}${rest}`;
}

/** Where the last member or element ends, where the bracket closes, and whether a comma stands between. */
function contentsOf(text: string, bracket: number): { past: number; close: number; hasComma: boolean } {
  let past = bracket + 1;
  let at = skipped(text, past);
  let hasComma = false;
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    past = pastValue(text, at);
    const behind = skipped(text, past);
    hasComma = text[behind] === ',';
    at = hasComma ? skipped(text, behind + 1) : behind;
  }
  return { past, close: at, hasComma };
}

function memberText(path: readonly string[], value: Json, indent: string): string {
  const [name = '', ...rest] = path;
  const within =
    rest.length === 0
      ? valueText(value, indent)
      : `{\n${indent}${STEP}${memberText(rest, value, indent + STEP)}\n${indent}}`;
  return `${JSON.stringify(name)}: ${within}`;
}

function valueText(value: Json, indent: string): string {
  return JSON.stringify(value, null, STEP).replaceAll('\n', `\n${indent}`);
}

/** The place of the value of a member of the object that opens there; null where it has none of that name. */
function memberAt(text: string, brace: number, name: string): number | null {
  let at = skipped(text, brace + 1);
  while (text[at] === '"') {
    const past = pastString(text, at);
    const value = skipped(text, skipped(text, past) + 1);
    if (JSON.parse(text.slice(at, past)) === name) return value;
    const behind = skipped(text, pastValue(text, value));
    at = text[behind] === ',' ? skipped(text, behind + 1) : behind;
  }
  return null;
}

function opening(text: string, from: number): number | null {
  const at = skipped(text, from);
  return text[at] === '{' ? at : null;
}

/** Behind white space and comments. */
function skipped(text: string, from: number): number {
  const [gap = ''] = /^(?:\s|\uFEFF|\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/.exec(text.slice(from)) ?? [];
  return from + gap.length;
}

function pastString(text: string, from: number): number {
  const [string = '"'] = /^"(?:[^"\\]|\\.)*"?/.exec(text.slice(from)) ?? [];
  return from + string.length;
}

/** Behind the last character of a value, or of a member with its name. */
function pastValue(text: string, from: number): number {
  let depth = 0;
  let past = from;
  for (let at = from; at < text.length; at = skipped(text, past)) {
    const character = text[at];
    if (depth === 0 && (character === ',' || character === '}' || character === ']')) break;
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    past = character === '"' ? pastString(text, at) : at + 1;
  }
  return past;
}
