/** The position of a WebSocket feed: up to when nothing is missing, and how far a hole was read. Pure. */
import type { Json } from '../../base/json.ts';

export interface WebSocketPosition {
  /** Epoch ms. Whatever came before it is stored, or reported as a gap. */
  heardUntil: number;
  /** The sequence of the last stored message that had one. */
  sequence: string | number | null;
  /** Digests of the stored messages that have this sequence, by their content. Null: a release wrote the position that noted none. */
  alike: string[] | null;
  /** How many sequences followed the one before by one, up to a few, less what each skip that was told took; -1: they do not count one by one. */
  counted: number;
  /** How many messages behind `sequence` made no event: ignored ones with a sequence, and those that could not be read. */
  passed: number;
  /** The hole that is being read over HTTP: where it ends (epoch ms), and how many of its items are stored. */
  reading: { until: number; done: number } | null;
}

/** Null for a feed that never ran, and where another kind of feed left its position under the same name. */
export function readSocketPosition(json: Json | null): WebSocketPosition | null {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  const { heardUntil, sequence = null, alike = null, counted = 0, passed = 0, reading = null } = json;
  if (typeof heardUntil !== 'number') return null;
  return {
    heardUntil,
    sequence: asSequence(sequence),
    alike: asTexts(alike),
    counted: typeof counted === 'number' ? counted : 0,
    passed: typeof passed === 'number' ? passed : 0,
    reading: asReading(reading),
  };
}

export function writeSocketPosition(position: WebSocketPosition): Json {
  const { heardUntil, sequence, alike, counted, passed, reading } = position;
  return {
    heardUntil,
    sequence,
    ...(alike && { alike: [...alike] }),
    ...(counted === 0 ? {} : { counted }),
    ...(passed === 0 ? {} : { passed }),
    reading: reading && { ...reading },
  };
}

function asTexts(json: Json): string[] | null {
  return Array.isArray(json) ? json.filter((value) => typeof value === 'string') : null;
}

/** A text or a number that a message can be told by; null for anything else. */
export function asSequence(value: unknown): string | number | null {
  return (typeof value === 'string' && value !== '' && value.length <= 1_024) || typeof value === 'number'
    ? value
    : null;
}

function asReading(json: Json): WebSocketPosition['reading'] {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null;
  const { until, done } = json;
  return typeof until === 'number' && typeof done === 'number' ? { until, done } : null;
}
