/** An action's options come from its input alone: their names, their kinds, and how what was typed becomes the input again. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { operatorAction } from '../../../../src/operate/action.ts';
import { ACTIONS } from '../../../../src/operate/faces/actions.ts';
import { OPERATE_NOUNS } from '../../../../src/hosts/cli/kit/usage.ts';
import { readArguments } from '../../../../src/hosts/cli/kit/arguments.ts';
import { givenOf, joinedValues, membersOf, optionsOfMembers } from '../../../../src/hosts/cli/operate/options.ts';

const action = operatorAction({
  noun: 'things',
  verb: 'do',
  description: 'Does something.',
  input: z.strictObject({
    thing: z.string().describe('Name of a thing'),
    others: z.array(z.string()).optional().describe('More of them'),
    from: z.string().optional().describe('From when'),
    keepLast: z.number().int().default(5).describe('How many stay'),
    format: z.enum(['ndjson', 'csv']).default('ndjson').describe('How'),
    label: z.array(z.string()).optional().describe('What it is called'),
    dryRun: z.boolean().optional().describe('Says what it would do'),
  }),
  words: ['thing', 'others'],
  output: z.object({}),
  effect: 'reads',
  run: async () => ({}),
  lines: () => [],
});
const members = membersOf(action);
const options = optionsOfMembers(members);

function read(...args: string[]) {
  const { wrong, ...found } = readArguments(joinedValues(args, options), options, 'things do');
  if (wrong !== null || !('values' in found)) return wrong;
  return givenOf(members, found.values, found.positionals);
}

test('each member is an option of its kind, or a word', () => {
  const told = members.map(({ label, kind, placeholder, isNeeded }) => [label, kind, placeholder, isNeeded]);
  expect(told).toEqual([
    ['THING', 'value', 'THING', true],
    ['OTHERS', 'list', 'OTHERS', false],
    ['--from', 'value', 'FROM', false],
    ['--keep-last', 'value', 'N', false],
    ['--format', 'value', 'ndjson|csv', false],
    ['--label', 'list', 'LABEL', false],
    ['--dry-run', 'flag', 'DRY-RUN', false],
  ]);
});

test.each([
  [['a'], { thing: 'a' }],
  [['a', 'b', 'c'], { thing: 'a', others: ['b', 'c'] }],
  // A time before now, and a word that begins with a dash, are no options.
  [['a', '--from', '-7d'], { thing: 'a', from: '-7d' }],
  [['--from', '-7d', 'a'], { thing: 'a', from: '-7d' }],
  [['-Zc91', '--keep-last', '3'], { thing: '-Zc91', keepLast: '3' }],
  [['--keep-last=3', '--', '--odd'], { thing: '--odd', keepLast: '3' }],
  [['a', '--keep-last', '-3'], { thing: 'a', keepLast: '-3' }],
  [['a', '--label', 'x', '--label', 'y', '--dry-run'], { thing: 'a', label: ['x', 'y'], dryRun: true }],
])('%j', (args, given) => {
  expect(read(...args)).toEqual(given);
});

test.each([
  [['a', '--form', '-7d'], '--from'],
  [['a', '--from'], '--from needs a value'],
  [['a', '--from', '--dry-run'], '--from needs a value'],
  [['a', '--dry-run=yes'], '--dry-run takes no value'],
])('%j is refused', (args, told) => {
  expect(read(...args)).toContain(told);
});

test('what is listed statically of the actions is what they are, and each can be a command', () => {
  const nouns = new Set(ACTIONS.filter(({ only }) => only !== 'tool').map(({ noun }) => noun));
  // It has a command of its own, which hands answers over.
  nouns.delete('tasks');
  expect([...OPERATE_NOUNS].toSorted()).toEqual([...nouns].toSorted());
  for (const each of ACTIONS) {
    const own = membersOf(each);
    expect(() => optionsOfMembers(own)).not.toThrow();
    // What is not described cannot be told, neither to a person nor to a model.
    expect(own.filter(({ description }) => description === '')).toEqual([]);
    for (const [place, { isWord, isNeeded }] of own.entries()) {
      if (isWord && isNeeded) expect(own.slice(0, place).every((before) => before.isNeeded)).toBe(true);
    }
  }
});
