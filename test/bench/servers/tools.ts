/** The twenty tools that every server of the endpoint benchmark offers: the same schemas and the same work. */
import * as z from 'zod';

export const Input = z.object({
  station: z.string().describe('Station id'),
  from: z.number().int().describe('Start, epoch ms'),
  limit: z.number().int().min(1).max(1_000).default(100).describe('Most rows'),
  text: z.string().max(4_096).describe('Anything; it is answered'),
});

export const NAMES: readonly string[] = Array.from({ length: 20 }, (_, index) => `tool_${index}`);

export const DESCRIPTION = 'Answers its text, as a stand-in for a tool that does next to nothing.';

export function answer({ text }: z.output<typeof Input>): string {
  return text;
}

/** A call whose body is about 1 KiB. */
export const CALL_ARGUMENTS = { station: 'a-17', from: 1_700_000_000_000, limit: 10, text: 'x'.repeat(600) };
