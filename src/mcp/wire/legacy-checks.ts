/** What is looked at of a message of 2025-11-25 and before, before the SDK serves it. Pure. */
import { specTypeSchemas, type StandardSchemaV1 } from '@modelcontextprotocol/server';
import { isObject } from './params.ts';

export function initializes(body: unknown): boolean {
  return isObject(body) && body['method'] === 'initialize';
}

interface Issue {
  field: string;
  expected: string;
}

/**
 * Requests that the SDK answers by itself. For wrong parameters it would answer -32603, as if they were the server's
 * fault.
 */
export const CHECKED = new Map<string, (body: unknown) => Issue | null>([
  ['initialize', (body) => firstIssue(specTypeSchemas.InitializeRequest['~standard'].validate(body))],
  ['logging/setLevel', (body) => firstIssue(specTypeSchemas.SetLevelRequest['~standard'].validate(body))],
]);

function firstIssue(result: StandardSchemaV1.Result<unknown>): Issue | null {
  const issue = result.issues?.[0];
  if (!issue) return null;
  const field = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { field, expected: issue.message };
}
