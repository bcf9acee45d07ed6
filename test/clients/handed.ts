/**
 * Reads what a client hands to its model: whatever shape it has, it comes down to texts and to structured answers. A text that
 * is JSON counts as what it says. Pure.
 */
import type { Half } from '../tools/walk.ts';
import { byStructure, byText } from '../tools/walk.ts';
import { serialsIn } from './serials.ts';

export interface Handed {
  /** Null: the model gets none. */
  text: string | null;
  structured: Record<string, unknown> | null;
}

export type HalfName = keyof Handed;

/** What clients wrap an answer in. An object with other members is an answer itself. */
const WRAPPERS = new Set(
  'content structuredContent text output value result response functionResponse type isError _meta meta id name annotations kwargs parts providerOptions title'.split(
    ' ',
  ),
);

/** What stands beside an answer and says nothing of it. */
const BESIDE = new Set(['type', 'id', 'name', 'title', '_meta', 'meta', 'annotations', 'providerOptions']);

export function readHanded(model: unknown): Handed {
  const texts: string[] = [];
  const answers: Record<string, unknown>[] = [];
  open(model, texts, answers);
  return { text: texts.length === 0 ? null : texts.join('\n'), structured: answers[0] ?? null };
}

function open(value: unknown, texts: string[], answers: Record<string, unknown>[]): void {
  if (typeof value === 'string') {
    const within = /^\s*[[{]/.test(value) ? fromJson(value) : null;
    if (within === null) texts.push(value);
    else open(within, texts, answers);
  } else if (Array.isArray(value)) {
    for (const each of value) open(each, texts, answers);
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    const isBlock = 'type' in value && typeof value.type === 'string' && !('structuredContent' in value);
    const isWrapper = members.length > 0 && members.every(([name]) => WRAPPERS.has(name));
    if (!isBlock && !isWrapper) return void answers.push(value as Record<string, unknown>);
    for (const [name, each] of members) {
      if (WRAPPERS.has(name) && !BESIDE.has(name)) open(each, texts, answers);
    }
  }
}

function fromJson(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** The halves that are there. */
export function halvesOf({ text, structured }: Handed): HalfName[] {
  return [...(text === null ? [] : (['text'] as const)), ...(structured === null ? [] : (['structured'] as const))];
}

/** A half as one text. */
export function wordsOf(handed: Handed, half: HalfName): string {
  return half === 'text' ? (handed.text ?? '') : JSON.stringify(handed.structured);
}

/** The events and the printed calls of one half, read without the other. */
export function halfOf({ text, structured }: Handed, half: HalfName): Half {
  const read = half === 'text' ? byText((line) => serialsIn(line).length > 0) : byStructure('events');
  const { events, ...others } = structured ?? {};
  // An export counts its events under the same name.
  return read({ text: text ?? '', structured: Array.isArray(events) ? { events, ...others } : others });
}
