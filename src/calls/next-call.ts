/**
 * The call that goes on from an answer, whole: a model copies it, and composes nothing. It stands in both halves of the
 * answer. Pure.
 */
import * as z from 'zod';
import type { JsonObject } from '../base/json.ts';
import { listedAs } from '../base/schema/json-schema.ts';
import { jsonText } from '../base/plain.ts';

const NextCall = z.object({
  for: z.string().describe('What it answers'),
  tool: z.string(),
  arguments: z.looseObject({}).describe('All of them'),
  afterMs: z.int().optional().describe('Call it after so many ms, not before'),
});

/** Each is whole, so its form need not be told with every tool. */
export const NextCalls = listedAs(
  z.array(NextCall),
  z
    .array(z.looseObject({ tool: z.string(), arguments: z.looseObject({}) }))
    .describe('Calls that go on from here, as they are; none before its `afterMs`'),
).optional();

export interface NextCall {
  for: string;
  tool: string;
  arguments: JsonObject;
  afterMs?: number;
}

/**
 * What was asked for as arguments of a further call: what was not given stays so.
 * @param tool under the name that it is shown by (`App.toolNames`); null: the app leaves it out, and there is no call
 */
export function callsTo(forWhat: string, tool: string | null, given: object): NextCall[] {
  if (tool === null) return [];
  const isFlat = Object.values(given).every((value) => typeof value !== 'object');
  const copied = isFlat
    ? Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    : JSON.parse(JSON.stringify(given));
  return [{ for: forWhat, tool, arguments: copied as JsonObject }];
}

/** `Next page: read_history {"stream":"pumps","cursor":"…"}` */
export function callLine({ for: what, tool, arguments: given, afterMs }: NextCall): string {
  const when = afterMs === undefined ? '' : ` (after ${Math.ceil(afterMs / 1_000)} s, not before)`;
  return `${what}${when}: ${tool} ${jsonText(given)}`;
}
