/** Whether the example of a stream, which models see, is data that its schema takes. Pure. */
import type * as z from 'zod';
import { type ParsedAsAsked, parseAsAsked } from '../../base/schema/as-asked.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import type { Problem } from '../problem.ts';

/** The first thing that is wrong, at its place within the example; as an event of the stream would be refused. */
export function exampleProblems(schema: z.ZodType, example: unknown, path: string): Problem[] {
  let parsed: ParsedAsAsked;
  try {
    parsed = parseAsAsked(schema, example, UNWORDED);
  } catch (error) {
    return [
      {
        path,
        expected: 'data that the schema can judge',
        found: error instanceof Error ? error.message : String(error),
      },
    ];
  }
  if (parsed.success) return [];
  const { field, why } = describeIssues(schema, example, parsed.error, path);
  return [{ path: field, expected: why }];
}
