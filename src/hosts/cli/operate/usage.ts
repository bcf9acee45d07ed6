/** The usage of actions, made from what they declare. */
import { actionName, type OperatorAction } from '../../../operate/action.ts';
import { ACTIONS } from '../../../operate/faces/actions.ts';
import { type Member, membersOf } from './options.ts';

const INDENT = '  ';
const COLUMNS = 100;

/** A line for each command. */
export function actionsUsage(): string {
  return commandActions()
    .map((action) => `${INDENT}${callOf(action)}`)
    .join('\n');
}

/** What one noun takes: its commands with what each does, and their options. @param verb that alone, where the noun has it */
export function nounUsage(noun: string, verb: string): string {
  const all = commandActions().filter((action) => action.noun === noun);
  const called = all.filter((action) => action.verb === verb);
  const actions = called.length > 0 ? called : all;
  const blocks = actions.map((action) => [
    `${INDENT}${callOf(action)}`,
    ...wrapped(action.description, `${INDENT}${INDENT}`),
    ...membersOf(action).flatMap((member) => wrapped(`${member.label}  ${member.description}`, INDENT.repeat(3))),
  ]);
  const common = `${INDENT}--app FILE   default app.ts, or src/app.ts. --tenant NAME   default public. --json   for programs`;
  const destroys = actions.some(isAgreedTo);
  const yes = `${INDENT}--yes   does what cannot be undone without asking, as where nobody could answer; overwrites a file`;
  return [...blocks.map((block) => block.join('\n')), [common, ...(destroys ? [yes] : [])].join('\n')].join('\n\n');
}

export function commandActions(): readonly OperatorAction[] {
  return ACTIONS.filter(({ only }) => only !== 'tool');
}

/** The verbs of a noun, a line for each. */
export function verbsUsage(noun: string): string {
  const calls = commandActions().filter((action) => action.noun === noun);
  return calls.map((action) => `${INDENT}${callOf(action)}`).join('\n');
}

function callOf(action: OperatorAction): string {
  const parts = membersOf(action).map(partOf);
  const options = isAgreedTo(action) ? [...parts, '[--yes]'] : parts;
  return ['tidegate', actionName(action), ...options].join(' ');
}

/** Whether it takes `--yes`: it destroys what is stored, or writes a file. */
function isAgreedTo(action: OperatorAction): boolean {
  return action.effect === 'destroys' || (action.effect === 'reads' && 'file' in action.input.shape);
}

function partOf({ label, isWord, kind, placeholder, isNeeded }: Member): string {
  const more = kind === 'list' ? ' ...' : '';
  const part = isWord ? `${label}${more}` : kind === 'flag' ? label : `${label} ${placeholder}${more}`;
  return isNeeded ? part : `[${part}]`;
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (line.length + word.length > COLUMNS && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
