/**
 * The one place where arguments are checked: of tools, of tasks, which are tools too, and of prompts. Arguments that fit stay
 * as they are; others are taken as they were meant (`base/schema/as-meant.ts`), or refused by the names that the caller wrote.
 */
import * as z from 'zod';
import { asMeant } from '../../base/schema/as-meant.ts';
import { parseLongNumbers } from '../../base/schema/as-asked.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import { meantName } from '../../base/known-names.ts';
import { namesAt, nameWithin } from '../../base/schema/schema-parts.ts';
import { isObject } from '../wire/params.ts';

type CheckedArguments =
  | {
      ok: true;
      /** What the schema made of the arguments. */
      input: unknown;
      /** Names of arguments that the tool does not have. */
      passedOver: readonly string[];
    }
  | { ok: false; field: string; expected: string; text: string };

const ANY = z.looseObject({});

/** Whose arguments the tool does not declare are passed over: no one's, those that clients add by themselves, all. */
export type PassesOver = 'nothing' | 'of clients' | 'all';

/** Arguments that clients are known to add to every call, for themselves. */
const OF_CLIENTS = new Set([
  'toolCallId',
  'tool_call_id',
  'sessionId',
  'chatInput',
  'action',
  'random_string',
  '_meta',
]);

/**
 * Who names one of these asks for somebody's data, or for a part of what there is: those of somebody else, and the whole, are no
 * answer.
 */
const OF_SCOPE = new Set([
  'tenant',
  'tenantId',
  'tenant_id',
  'where',
  'filter',
  'filters',
  'key',
  'keys',
  'from',
  'to',
  'stream',
  'trigger',
  'user',
]);

/**
 * @param declared undefined: the tool declares no arguments, and gets what there is
 * @param args as the caller sent them; null and undefined stand for none
 * @param passesOver an unknown argument is refused in any case that is near to a known one that is not given, or known further in
 */
export function checkedArguments(
  declared: z.ZodType | undefined,
  args: unknown,
  passesOver: PassesOver,
): CheckedArguments {
  const schema = declared ?? ANY;
  const given = args ?? {};
  const first = parseLongNumbers(schema, given, UNWORDED);
  if (first.success) return { ok: true, input: first.data, passedOver: [] };
  const meant = asMeant(schema, given);
  const { known, passedOver } = withoutStrays(schema, meant, passesOver);
  const parsed = parseLongNumbers(schema, known, UNWORDED);
  if (parsed.success) return { ok: true, input: parsed.data, passedOver };
  return { ok: false, ...describeIssues(schema, known, parsed.error) };
}

function withoutStrays(
  schema: z.ZodType,
  args: unknown,
  passesOver: PassesOver,
): { known: unknown; passedOver: string[] } {
  if (passesOver === 'nothing' || !isObject(args)) return { known: args, passedOver: [] };
  const names = namesAt(schema, []);
  const isStray = (name: string) => {
    if (names.includes(name)) return false;
    if (passesOver === 'of clients') return OF_CLIENTS.has(name);
    if (OF_SCOPE.has(name)) return false;
    // Written beside the object that it belongs to, it was meant to count.
    if (nameWithin(schema, [], name) !== null) return false;
    const meant = meantName(name, names);
    return meant === null || Object.hasOwn(args, meant);
  };
  const passedOver = Object.keys(args).filter(isStray);
  const known = Object.fromEntries(Object.entries(args).filter(([name]) => !passedOver.includes(name)));
  return { known, passedOver };
}
