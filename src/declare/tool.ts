/** Tools that an app declares, and what they answer. */
import type * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { Displayed } from './display.ts';
import type { ContentBlock } from './content.ts';
import type { ToolContext } from './context.ts';

/** What a tool answers: content of its own, or `structured` alone (its JSON is then the text too). */
export interface ToolAnswer<Output = unknown> {
  content?: ContentBlock[];
  /** Short text for people; becomes the first content block. */
  text?: string;
  structured?: Output;
  /** True: the tool ran and failed, and the model should read why. */
  isError?: boolean;
}

export interface ToolAnnotations {
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

export interface ToolOptions<Input extends z.ZodType, Output extends z.ZodType> extends Displayed {
  description: string;
  /** An object schema; absent: no arguments. */
  input?: Input;
  /** Makes the answer's `structured` required, and checked. */
  output?: Output;
  annotations?: ToolAnnotations;
  /** JSON Schema to show instead of the one made from `input` (which still validates). */
  inputJsonSchema?: JsonObject;
  /** MCP client capabilities that the tool cannot run without, e.g. `{ sampling: {} }`; a client without them is refused. */
  clientCapabilities?: JsonObject;
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer<z.input<Output>> | string>;
}

/** A declared tool, with its argument's type forgotten: `run` is called with what `input` has validated. */
export interface Tool extends Omit<ToolOptions<z.ZodType, z.ZodType>, 'run'> {
  kind: 'tool';
  run(input: never, context: ToolContext): Promise<ToolAnswer | string>;
}

export function tool<Input extends z.ZodType = z.ZodObject, Output extends z.ZodType = z.ZodType>(
  options: ToolOptions<Input, Output>,
): Tool {
  return { kind: 'tool', ...options };
}
