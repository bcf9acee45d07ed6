/** Prompts that an app declares. */
import type { Displayed } from './display.ts';
import type { Scoped } from './scoped.ts';
import type { Completer } from './resource.ts';
import type { ContentBlock, ContentBytes } from './content.ts';
import type { HandlerContext } from './context.ts';

export interface PromptArgument {
  name: string;
  /** Its name for people. */
  title?: string;
  description?: string;
  required?: boolean;
  complete?: Completer;
}

/** What a prompt's `run` gets: a text for each required argument, and for each other argument a text or nothing. */
export type PromptInput<Arguments extends readonly PromptArgument[]> = {
  [Argument in Arguments[number] as Argument['required'] extends true ? Argument['name'] : never]: string;
} & {
  [Argument in Arguments[number] as Argument['required'] extends true ? never : Argument['name']]?: string;
};

export interface PromptOptions<Arguments extends readonly PromptArgument[] = readonly PromptArgument[]>
  extends Displayed, Scoped {
  /** For people and models: what the prompt is for. */
  description: string;
  /** The arguments, each of which is a text. Default: none. */
  arguments?: Arguments;
  /** Answers the messages of the prompt, or one text of the user. */
  run(input: PromptInput<Arguments>, context: HandlerContext): Promise<PromptMessage[] | string>;
}

export interface PromptMessage {
  role: 'user' | 'assistant';
  content: ContentBlock<ContentBytes>;
}

/** A declared prompt, with the names of its arguments forgotten. */
export interface Prompt extends PromptOptions {
  kind: 'prompt';
}

/** Declares a prompt. Where `arguments` is written as a literal, it gives the type of what `run` gets. */
export function prompt<const Arguments extends readonly PromptArgument[]>(options: PromptOptions<Arguments>): Prompt {
  return { kind: 'prompt', ...options };
}
