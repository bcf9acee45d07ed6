/** The declaration of a tool, and what a tool answers. */
import type * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import type { Displayed } from './display.ts';
import type { Scoped } from './scoped.ts';
import type { ContentBlock, ContentBytes } from './content.ts';
import type { ToolContext } from './context.ts';

/** What a tool answers: its own content, or `structured` alone. In the second case its JSON also becomes the text. */
export interface ToolAnswer<Output = unknown> {
  /** Blocks of MCP. `data` of images and sound, and `blob` of resources, may be bytes, base64 or a data URI. */
  content?: ContentBlock<ContentBytes>[];
  /** Short text for people. It becomes the first content block. */
  text?: string;
  structured?: Output;
  /** True: the tool ran and failed, and the model should read why. */
  isError?: boolean;
}

export interface ToolAnnotations {
  /** Name of the tool for people. */
  title?: string;
  /** True: the tool changes nothing. */
  readOnlyHint?: boolean;
  /** True: what the tool changes may be lost. */
  destructiveHint?: boolean;
  /** True: a second call with the same arguments changes nothing more. */
  idempotentHint?: boolean;
  /** True: the tool reaches what is outside this server. */
  openWorldHint?: boolean;
}

export interface ToolOptions<Input extends z.ZodType, Output extends z.ZodType> extends Displayed, Scoped {
  /** For the model: what the tool does, and when to use it. */
  description: string;
  /** The arguments, as a zod schema of an object. Default: no arguments. */
  input?: Input;
  /** Shape of the answer's `structured`, which is then required and checked. */
  output?: Output;
  /** Hints for clients. They decide nothing here. */
  annotations?: ToolAnnotations;
  /** A JSON Schema to show in place of the one that is made from `input`, which still validates. */
  inputJsonSchema?: JsonObject;
  /**
   * MCP client capabilities that the tool cannot run without, such as `{ sampling: {} }`. A client without them is
   * refused.
   */
  clientCapabilities?: JsonObject;
  /** Does the work, and answers it. It gets the validated arguments and the context of the call. */
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer<z.input<Output>> | string>;
}

/** A declared tool, with the type of its arguments forgotten. `run` gets what `input` validated. */
export interface Tool extends Omit<ToolOptions<z.ZodType, z.ZodType>, 'run'> {
  kind: 'tool';
  run(input: never, context: ToolContext): Promise<ToolAnswer | string>;
}

export function tool<Input extends z.ZodType = z.ZodObject, Output extends z.ZodType = z.ZodType>(
  options: ToolOptions<Input, Output>,
): Tool {
  return { kind: 'tool', ...options };
}
