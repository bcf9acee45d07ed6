/** Arguments that a JSON Schema allows, or almost: what a fuzz run gives to each tool that the server lists. */
import type { JsonObject } from '../../src/base/json.ts';

export type Random = (below: number) => number;

/** Texts that mean something to one tool or another. */
const WORDS = [
  'ticks',
  'at',
  '2026-11-20T00:00:00Z',
  '1h',
  '-1h',
  'PT15M',
  'Europe/Berlin',
  'n:0',
  '',
  'ä\u{1F30A}\u0000',
  '../..',
  '%00',
  'x'.repeat(300),
];
const NUMBERS = [0, 1, 2, 10, 100, 1_000, -1, 0.5, 1e15];
const DEEPEST = 5;

/** @param schema of an argument, or of all of them. */
export function valueOf(schema: JsonObject, random: Random, known: readonly string[], depth = 0): unknown {
  const pick = <Item>(items: readonly Item[]) => items[random(items.length)];
  const choices = schema['enum'] ?? schema['anyOf'] ?? schema['oneOf'];
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(choices)) {
    const choice = pick(choices);
    const isSchema = schema['enum'] === undefined && typeof choice === 'object' && choice !== null && depth < DEEPEST;
    return isSchema ? valueOf(choice as JsonObject, random, known, depth + 1) : choice;
  }
  switch (schema['type']) {
    case 'object': {
      if (depth > DEEPEST) return {};
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>);
      const required = (schema['required'] ?? []) as string[];
      const given = properties.filter(([name]) => required.includes(name) || random(3) === 0);
      return Object.fromEntries(given.map(([name, each]) => [name, valueOf(each, random, known, depth + 1)]));
    }
    case 'array':
      return Array.from({ length: random(3) }, () =>
        valueOf((schema['items'] ?? {}) as JsonObject, random, known, depth + 1),
      );
    case 'integer':
    case 'number': {
      const least = Number(schema['minimum'] ?? 0);
      const most = Math.min(Number(schema['maximum'] ?? 1_000), 1e9);
      return random(4) === 0 ? pick(NUMBERS) : least + random(Math.max(1, Math.floor(most - least + 1)));
    }
    case 'boolean':
      return random(2) === 0;
    default:
      return known.length > 0 && random(3) === 0 ? pick(known) : pick(WORDS);
  }
}
