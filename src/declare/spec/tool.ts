/** The specification of a tool that has a function of its own. Tools of HTTP APIs have another: `http-tool.ts`. */
import * as z from 'zod';
import type { JsonObject } from '../../base/json.ts';
import type { Tool } from '../tool.ts';
import { annotations, icons } from './display.ts';
import { forModel, label, made, zodSchema } from './options.ts';
import { scopes } from './scopes.ts';

const jsonObject = (expected: string) =>
  z.record(z.string(), z.custom<JsonObject[string]>(), { error: expected }).optional();

export const toolSpec = z.strictObject({
  kind: z.literal('tool'),
  title: label,
  icons,
  description: forModel,
  scopes,
  input: zodSchema.optional(),
  output: zodSchema.optional(),
  annotations,
  inputJsonSchema: jsonObject('a JSON Schema of an object'),
  clientCapabilities: jsonObject('MCP client capabilities, such as { sampling: {} }'),
  run: made<Tool['run']>('a function of the input and the context'),
});
