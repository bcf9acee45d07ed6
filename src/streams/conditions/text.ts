/** A condition in words, for the texts of tools and the messages of tasks. Pure and bounded. */
import type { Change, Condition, FieldTest, FieldTests, KeyTest, Rate, Threshold } from '../../declare/condition.ts';
import { sideOf, type Banded } from './bound.ts';
import { durationText } from '../../base/time/time-text.ts';
import { jsonText } from '../../base/plain.ts';

/** Most characters of a description; a longer one is cut. */
export const DESCRIPTION_CHARACTERS = 400;
const VALUE_CHARACTERS = 40;
const MOST_SHOWN = 4;

/** Describes a condition, such as `celsius is above 30, until it is 28 or less`. */
export function describeCondition(condition: Condition): string {
  const text = `${whatOf(condition)}${scopeOf(condition)}`;
  return text.length <= DESCRIPTION_CHARACTERS ? text : `${text.slice(0, DESCRIPTION_CHARACTERS - 1)}…`;
}

function whatOf(condition: Condition): string {
  const { kind } = condition;
  if (kind === 'match') return `an event${whereOf(condition)}`;
  if (kind === 'absence') return `no event${whereOf(condition)} for ${durationText(condition.forMs)}`;
  if (kind === 'count') {
    const { atLeast, withinMs } = condition;
    return `${atLeast} ${atLeast === 1 ? 'event' : 'events'}${whereOf(condition)} within ${durationText(withinMs)}`;
  }
  const where = whereOf(condition);
  const name = `${nameOf(condition)}${where === '' ? '' : `,${where},`}`;
  if (kind === 'threshold') return `${name} is ${boundOf(condition)}`;
  if (kind === 'change') return `${name} ${changeOf(condition)}`;
  return `the change of ${name} a ${condition.per}, over ${durationText(condition.overMs)}, is ${boundOf(condition)}`;
}

function nameOf({ field }: Threshold | Rate | Change): string {
  return field === undefined ? 'the value' : cut(field);
}

function boundOf(condition: Banded): string {
  const { is, bound, back } = sideOf(condition);
  const banded = back === bound ? null : String(back);
  if (is === 'above') return `above ${bound}${banded === null ? '' : `, until it is ${banded} or less`}`;
  if (is === 'atLeast') return `at least ${bound}${banded === null ? '' : `, until it is below ${banded}`}`;
  if (is === 'below') return `below ${bound}${banded === null ? '' : `, until it is ${banded} or more`}`;
  return `at most ${bound}${banded === null ? '' : `, until it is above ${banded}`}`;
}

function changeOf({ by, byPercent }: Change): string {
  if (by !== undefined) return `changes by ${by} or more`;
  return byPercent === undefined ? 'changes' : `changes by ${byPercent} % or more`;
}

function whereOf({ where }: Condition): string {
  const tests = Object.entries(where ?? {}).flatMap(([field, test]) => (test === undefined ? [] : testOf(field, test)));
  return tests.length === 0 ? '' : ` where ${listed(tests, ' and ')}`;
}

function testOf(field: string, test: FieldTest): string {
  const name = cut(field);
  if (typeof test !== 'object' || test === null) return `${name} is ${shown(test)}`;
  const { equals, not, oneOf, contains, notContains, like, above, atLeast, below, atMost, exists } =
    test satisfies FieldTests;
  const parts = [
    ...(exists === undefined ? [] : [exists ? 'is there' : 'is missing']),
    ...(equals === undefined ? [] : [`is ${shown(equals)}`]),
    ...(not === undefined ? [] : [`is not ${shown(not)}`]),
    ...(oneOf === undefined ? [] : [`is ${listed(oneOf.map(shown), ' or ')}`]),
    ...(contains === undefined ? [] : [`contains ${shown(contains)}`]),
    ...(notContains === undefined ? [] : [`does not contain ${shown(notContains)}`]),
    ...(like === undefined ? [] : [`is like ${shown(like)}`]),
    ...(above === undefined ? [] : [`is above ${above}`]),
    ...(atLeast === undefined ? [] : [`is at least ${atLeast}`]),
    ...(below === undefined ? [] : [`is below ${below}`]),
    ...(atMost === undefined ? [] : [`is at most ${atMost}`]),
  ];
  return `${name} ${parts.join(' and ')}`;
}

/** Names the keys, and whether they are judged apart where that is not the default. */
function scopeOf({ kind, key, perKey }: Condition): string {
  const keys = key === undefined ? '' : `, of ${keyOf(key)}`;
  if (typeof key === 'string' || perKey === undefined) return keys;
  const counts = kind === 'absence' || kind === 'count';
  if (perKey) return counts ? `${keys}, each key by itself` : keys;
  return counts ? keys : `${keys}, all keys together`;
}

function keyOf(test: KeyTest): string {
  if (typeof test === 'string') return `key ${shown(test)}`;
  return 'oneOf' in test ? `keys ${listed(test.oneOf.map(shown), ', ')}` : `keys like ${shown(test.like)}`;
}

function listed(texts: readonly string[], between: string): string {
  const left = texts.length - MOST_SHOWN;
  return left <= 0 ? texts.join(between) : `${texts.slice(0, MOST_SHOWN).join(between)}${between}${left} more`;
}

function shown(value: unknown): string {
  return cut(jsonText(value));
}

function cut(text: string): string {
  return text.length <= VALUE_CHARACTERS ? text : `${text.slice(0, VALUE_CHARACTERS - 1)}…`;
}
