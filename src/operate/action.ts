/**
 * What an operator does to a running app, declared once and reached in two ways: as a command (`tidegate feeds pause quotes`) and as
 * a tool for callers with the scope `admin` (`admin_feeds_pause`). An action knows neither of the two.
 */
import type * as z from 'zod';
import type { Principal } from '../base/principal.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';

/** What an action works on, made once for each call. */
export interface OperateContext {
  deps: TaskDeps;
  /** Whose streams, feeds and tasks; those that are shared are found by every tenant. */
  tenant: string;
  /** Who does it, for the audit log. */
  by: Principal;
  /** Epoch ms: when it has to have ended, or to have come to a state from which the same call goes on. */
  deadline: number;
  /** How far it is, for what takes longer than a second. @param total null: not known yet */
  progress: (done: number, total: number | null, unit: string) => void;
}

/** `reads` changes nothing; `changes` can be undone by another action; `destroys` cannot, so the command asks for `--yes`. */
export type Effect = 'reads' | 'changes' | 'destroys';

export interface OperatorAction<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** What it is about: the first word of the command, such as `feeds`. */
  noun: string;
  /** What it does: the second word, such as `pause`. */
  verb: string;
  /** For people and models alike: what it does, and what it leaves. */
  description: string;
  /** Strict, flat, each member described. The command makes an option of each: `limit` is `--limit`. */
  input: Input;
  /** Members that the command takes as words, in this order, in place of options. Default: none. */
  words?: readonly (keyof z.output<Input> & string)[];
  output: Output;
  effect: Effect;
  /** @throws TidegateError `not_found`, `invalid_input`, or as the store throws */
  run(input: z.output<Input>, context: OperateContext): Promise<z.output<Output>>;
  /** The answer for a terminal, at most 100 characters a line where names allow it. @param now epoch ms */
  lines(output: z.output<Output>, now: number): string[];
}

/** Declares an action; it only gives the members their types. */
export function operatorAction<Input extends z.ZodObject, Output extends z.ZodObject>(
  declared: OperatorAction<Input, Output>,
): OperatorAction {
  return declared;
}
