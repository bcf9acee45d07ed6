/** The result of a tool that answers at once. */
import type { ToolResult } from '../../src/core/declaration/tool-result.ts';

export function completed<Result extends object>(result: Result): Extract<Result, ToolResult> {
  if ('content' in result) return result as Extract<Result, ToolResult>;
  throw new Error(`not a result: ${JSON.stringify(result)}`);
}
