/**
 * Reads the arguments of a command, and says of a wrong one what was probably meant: a file without `--app`, a variable of the
 * environment that was written as an option, an option with a letter too many. Pure.
 */
import { parseArgs } from 'node:util';
import { knownName, nearestName } from '../../../base/known-names.ts';
import { COMMANDS, VARIABLES } from './usage.ts';

/** The options of a command, as `parseArgs` takes them. */
export type Options = Record<
  string,
  { type: 'string' | 'boolean'; short?: string; default?: string | boolean; multiple?: boolean }
>;

type Arguments = { wrong: string } | { wrong: null; values: Record<string, unknown>; positionals: string[] };

const MODULE_NAME = /\.[cm]?[jt]sx?$/;
const ASSIGNMENT = /^([A-Z][A-Z\d_]*)=/;

/** @param command that the arguments stand behind; null: they hold it themselves */
export function readArguments(args: readonly string[], options: Options, command: string | null = null): Arguments {
  const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) return { wrong: unknownOption(token.rawName, args, { options, command }) };
    if (option.type === 'boolean' && token.value !== undefined) return { wrong: `${token.rawName} takes no value` };
    const isLost =
      token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('-'));
    if (option.type === 'string' && isLost) return { wrong: `${token.rawName} needs a value: ${written(token.name)}` };
  }
  return { wrong: null, values: parsed.values, positionals: parsed.positionals };
}

function written(name: string): string {
  return `--${name} ${name === 'app' ? 'app.ts' : name.toUpperCase()}`;
}

/** What is wrong with a word that is no command, or that stands behind one. */
export function unknownWord(word: string, commands: readonly string[], before: string | null): string {
  if (MODULE_NAME.test(word)) {
    return `${word} stands without --app: expected tidegate ${before ?? 'start'} --app ${word}`;
  }
  const [, variable] = ASSIGNMENT.exec(word) ?? [];
  if (variable !== undefined) return `a variable stands before the command: ${word} tidegate ${before ?? 'start'}`;
  if (before !== null) return `${before} takes no word ${word}`;
  if (word === 'help' || word === 'version') return `there is no command ${word}: expected tidegate --${word}`;
  return `there is no command ${word}: expected ${knownName(word, commands, 'commands')}`;
}

interface Known {
  options: Options;
  command: string | null;
}

function unknownOption(raw: string, args: readonly string[], { options, command }: Known): string {
  const variable = raw.replace(/^-+/, '').replaceAll('-', '_').toUpperCase();
  const meant = raw === '-p' ? 'PORT' : nearestName(variable, VARIABLES, 1);
  const near = nearestName(raw.replace(/^-+/, ''), Object.keys(options));
  if (meant !== null && near === null) {
    return `${raw} is a variable of the environment: ${assigned(raw, meant, command, args)}`;
  }
  const known = Object.keys(options).map((name) => `--${name}`);
  const short = known.find((name) => raw.length === 2 && options[name.slice(2)]?.short === raw[1]?.toLowerCase());
  if (short !== undefined) return `there is no option ${raw}: expected ${short}`;
  return `there is no option ${raw}: expected ${knownName(raw, known, 'options')}`;
}

/** The whole call with the variable before it, as it has to be typed. A secret is not repeated. */
function assigned(raw: string, variable: string, command: string | null, args: readonly string[]): string {
  const at = args.findIndex((arg) => arg === raw || arg.startsWith(`${raw}=`));
  const [, inline] = /^[^=]*=(.*)$/s.exec(args[at] ?? '') ?? [];
  const next = args[at + 1];
  const value = inline ?? (next === undefined || next.startsWith('-') ? null : next);
  const others = args.filter(
    (_, place) => place !== at && !(place === at + 1 && inline === undefined && value !== null),
  );
  const isCalled = COMMANDS.some((known) => others.includes(known));
  const called = command === null ? (isCalled ? [] : ['start']) : [command];
  const isSecret = /SECRET|TOKEN|KEY/.test(variable);
  const shown = isSecret || value === null ? '…' : value;
  return [`${variable}=${shown}`, 'tidegate', ...called, ...others].join(' ');
}
