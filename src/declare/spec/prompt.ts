/** The specification of a prompt. */
import * as z from 'zod';
import type { Prompt, PromptArgument } from '../prompt.ts';
import { icons } from './display.ts';
import { forModel, label, made, text, yesOrNo } from './options.ts';
import { scopes } from './scopes.ts';

const argument = z.strictObject(
  {
    name: text('the name of the argument'),
    title: label,
    description: label,
    required: yesOrNo,
    complete: made<NonNullable<PromptArgument['complete']>>('a function of what has been typed').optional(),
  },
  { error: '{ name, title, description, required, complete }' },
);

export const promptSpec = z.strictObject({
  kind: z.literal('prompt'),
  title: label,
  icons,
  description: forModel,
  scopes,
  arguments: z
    .array(argument, { error: 'a list of { name, title, description, required, complete }' })
    .readonly()
    .optional(),
  run: made<Prompt['run']>('a function of the arguments and the context'),
});
