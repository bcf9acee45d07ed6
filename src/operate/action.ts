/**
 * What an operator does to a running app, declared once and reached in two ways: as a command (`tidegate feeds pause quotes`) and as
 * a tool for callers with the scope `admin` (`admin_feeds_pause`). An action knows neither of the two.
 */
import type * as z from 'zod';
import type { Principal } from '../base/principal.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';

/** What an action works on, made once for each call. */
export interface OperateContext {
  deps: WorkDeps;
  /** Whose streams, feeds and tasks; those that are shared are found by every tenant. */
  tenant: string;
  /** Whether it may change what all tenants share: by a command, and by a tool where the caller is of the app's own tenant. */
  ofApp: boolean;
  /** Who does it, for the audit log. */
  by: Principal;
  /** Epoch ms: when it has to have ended, or to have come to a state from which the same call goes on. */
  deadline: number;
  /** Aborts when who called is gone, or pressed Ctrl-C. What is under way ends in a state from which the same call goes on. */
  signal: AbortSignal;
  /** How far it is, for what takes longer than a second. @param total null: not known yet */
  progress: (done: number, total: number | null, unit: string) => void;
  /** The version of this package; null where that is not known. */
  release: string | null;
  /** The files of who calls. Null: a tool was called, which reaches none. */
  files: OperateFiles | null;
  /**
   * Tells an item at once, before `run` answers, in the way of the face: a line for people, or JSON. For what follows something. Null:
   * who called is answered once.
   */
  tell: ((item: object, line: string) => Promise<void>) | null;
}

/** Files by the names that the operator gave, relative to where the command runs; `-` is standard output or input. */
export interface OperateFiles {
  /**
   * Writes all pieces beside the file, and renames when the last is on the disk, so that the name never holds a half. Only its owner
   * may read it. Rejects as `pieces` does; what stood under the name stands there still.
   */
  write(name: string, pieces: AsyncIterable<string | Uint8Array>): Promise<{ bytes: number }>;
  /** The bytes of a file, piece by piece. @throws TidegateError `not_found` */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Its size in bytes; null: there is none, or it is not known, as of standard input. */
  size(name: string): Promise<number | null>;
}

/** `reads` changes nothing; `changes` can be undone by another action; `destroys` cannot, so the command asks for `--yes`. */
export type Effect = 'reads' | 'changes' | 'destroys';

export interface OperatorAction<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** What it is about: the first word of the command, such as `feeds`. */
  noun: string;
  /** What it does: the second word, such as `pause`. Empty: the noun alone is the command, as `stats`. */
  verb: string;
  /** For people and models alike: what it does, and what it leaves. Its first sentence is its line of the usage. */
  description: string;
  /** Strict, flat, each member described. The command makes an option of each: `keepLast` is `--keep-last`. */
  input: Input;
  /** Members that the command takes as words, in this order, in place of options. Default: none. */
  words?: readonly (keyof z.output<Input> & string)[];
  /** The audit log does not name the first word, because it is what is to be forgotten. Absent: it does. */
  unnamed?: true;
  output: Output;
  effect: Effect;
  /** What it does with this input, where that is less: a dry run reads. Default: `effect`. */
  lesser?: (input: z.output<Input>) => Effect;
  /** Where alone it is reached. Absent: by both ways. What needs `files` or `tell` is a command. */
  only?: 'command' | 'tool';
  /** The member of the output that is a list: `--json` writes a line for each of its items, in place of one line for all. */
  each?: keyof z.output<Output> & string;
  /** Says before it is done what will be lost, for `destroys`. Default: the description. */
  warning?: (input: z.output<Input>) => string;
  /** @throws TidegateError `not_found`, `invalid_input`, or as the store throws */
  run(input: z.output<Input>, context: OperateContext): Promise<z.output<Output>>;
  /** The answer in words. @param now epoch ms @param width columns that tables may take (`table.ts`) */
  lines(output: z.output<Output>, now: number, width: number): string[];
  /**
   * The code of what an answer tells that was not done, such as lines that were refused or a burst that failed: the outcome on
   * record, and the exit status 1. Null: it was done. Default: whatever is answered was done.
   */
  failed?: (output: z.output<Output>) => string | null;
}

/** Declares an action; it only gives the members their types. */
export function operatorAction<Input extends z.ZodObject, Output extends z.ZodObject>(
  declared: OperatorAction<Input, Output>,
): OperatorAction {
  return declared;
}

/** What an action does with an input. */
export function effectOf({ effect, lesser }: OperatorAction, input: Readonly<Record<string, unknown>>): Effect {
  return lesser?.(input) ?? effect;
}

/** `feeds pause`, as the command is called. */
export function actionName({ noun, verb }: Pick<OperatorAction, 'noun' | 'verb'>): string {
  return verb === '' ? noun : `${noun} ${verb}`;
}

/** What the audit log names: the action and its first word, and nothing else of what was given. */
export function actionTarget(action: OperatorAction, input: Readonly<Record<string, unknown>>): string {
  const [word = ''] = action.words ?? [];
  const first = input[word];
  return typeof first === 'string' && action.unnamed !== true ? `${actionName(action)} ${first}` : actionName(action);
}
