/**
 * The argument `answers` of `answer_task`: a list, because many clients know no names that a schema does not list. The
 * object by key that the protocol has is taken as well.
 */
import * as z from 'zod';
import { listedAs } from '../../base/schema/json-schema.ts';

const action = z.enum(['accept', 'decline', 'cancel']);
const values = z.record(z.string(), z.unknown());
const field = z.strictObject({ field: z.string(), value: z.unknown() });
const given = { action, content: z.union([values, z.array(field)]).nullish() };
const taken = z.union([
  z.array(z.strictObject({ key: z.string(), ...given })),
  z.record(z.string(), z.strictObject(given)),
]);

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
const shown = z.array(
  z.object({
    key: z.string(),
    action,
    content: z
      .array(z.object({ field: z.string(), value }))
      .optional()
      .describe('With accept: a value for each field that is asked for'),
  }),
);

interface GivenAnswer {
  action: z.output<typeof action>;
  content?: Record<string, unknown>;
}

/** By the key of the question. */
export const Answers = listedAs(
  taken.transform((answers): Record<string, GivenAnswer> => {
    const list = Array.isArray(answers) ? answers.map(({ key, ...answer }) => [key, answer] as const) : null;
    const each = list ?? Object.entries(answers as Record<string, z.output<z.ZodObject<typeof given>>>);
    return Object.fromEntries(each.map(([key, answer]) => [key, answerOf(answer)]));
  }),
  shown.describe('An answer to each question, by its key'),
);

function answerOf({ action: chosen, content }: z.output<z.ZodObject<typeof given>>): GivenAnswer {
  if (content === undefined || content === null) return { action: chosen };
  return {
    action: chosen,
    content: Array.isArray(content) ? Object.fromEntries(content.map((each) => [each.field, each.value])) : content,
  };
}
