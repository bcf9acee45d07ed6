/** The options of an action's command, made from the schema of its input, and what was typed read back into that input. Pure. */
import * as z from 'zod';
import { TidegateError } from '../../../base/errors.ts';
import type { OperatorAction } from '../../../operate/action.ts';
import type { Options } from '../kit/arguments.ts';

/** A member of an input, as the command takes it. */
export interface Member {
  name: string;
  /** `--keep-last`, or the word `STREAM`. */
  label: string;
  isWord: boolean;
  kind: 'flag' | 'value' | 'list';
  /** What stands for the value in the usage: `N`, `a|b`, `NAME`. */
  placeholder: string;
  isNeeded: boolean;
  description: string;
}

/** Options that every action has. */
const COMMON_OPTIONS = {
  app: { type: 'string' },
  tenant: { type: 'string' },
  json: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const satisfies Options;

interface Shown {
  type?: string;
  enum?: unknown[];
  items?: Shown;
  default?: unknown;
  description?: string;
}

export function membersOf({ input, words = [] }: OperatorAction): Member[] {
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Shown>;
    required?: string[];
  };
  const names = Object.keys(schema.properties ?? {});
  const ordered = [...words, ...names.filter((name) => !words.includes(name))];
  return ordered.map((name) => {
    const shown = schema.properties?.[name] ?? {};
    const isWord = words.includes(name);
    return {
      name,
      label: isWord ? name.toUpperCase() : `--${kebab(name)}`,
      isWord,
      kind: shown.type === 'boolean' ? 'flag' : shown.type === 'array' ? 'list' : 'value',
      placeholder: placeholderOf(name, shown.type === 'array' ? (shown.items ?? {}) : shown),
      isNeeded: schema.required?.includes(name) === true,
      description: shown.description ?? '',
    };
  });
}

/** @throws TidegateError `internal` for an input that would take the place of an option that all have */
export function optionsOfMembers(members: readonly Member[]): Options {
  const own = members.filter(({ isWord }) => !isWord);
  const taken = own.find(({ label }) => label.slice(2) in COMMON_OPTIONS);
  if (taken !== undefined) throw new TidegateError('internal', `${taken.label} is an option of all actions`);
  const options = own.map(({ label, kind }): [string, Options[string]] => [
    label.slice(2),
    kind === 'flag' ? { type: 'boolean' } : { type: 'string', multiple: kind === 'list' },
  ]);
  return { ...COMMON_OPTIONS, ...Object.fromEntries(options) };
}

/** What was typed, by the names of the input: the last word takes all that are left where it is a list. */
export function givenOf(
  members: readonly Member[],
  values: Readonly<Record<string, unknown>>,
  words: readonly string[],
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const { name, label, isWord } of members) {
    const value = values[label.slice(2)];
    if (!isWord && value !== undefined) given[name] = value;
  }
  const places = members.filter(({ isWord }) => isWord);
  for (const [place, { name, kind }] of places.entries()) {
    const left = kind === 'list' ? words.slice(place) : words.slice(place, place + 1);
    if (left.length > 0) given[name] = kind === 'list' ? left : left[0];
  }
  return given;
}

/**
 * A time before now begins with a dash, as ids may, and is no option: it is joined to the option before it, or stands as a word.
 * @param args behind the verb
 */
export function joinedValues(args: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  const words: string[] = [];
  for (let place = 0; place < args.length; place += 1) {
    const arg = args[place] ?? '';
    if (arg === '--') return [...joined, '--', ...words, ...args.slice(place + 1)];
    const next = args[place + 1];
    const takes = arg.startsWith('--') && options[arg.slice(2)]?.type === 'string';
    if (takes && next !== undefined && /^-[^-]/.test(next)) {
      joined.push(`${arg}=${next}`);
      place += 1;
    } else if (/^-[^-]./.test(arg)) words.push(arg);
    else if (takes && next !== undefined) {
      joined.push(arg, next);
      place += 1;
    } else if (arg.startsWith('-') && arg.length > 1) joined.push(arg);
    else words.push(arg);
  }
  return words.length === 0 ? joined : [...joined, '--', ...words];
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function placeholderOf(name: string, { type, enum: values }: Shown): string {
  if (values !== undefined) return values.join('|');
  if (type === 'number' || type === 'integer') return 'N';
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase();
}
