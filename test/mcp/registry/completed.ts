/** The result of a call that neither asked nor became a task. */
import type { ToolResult } from '../../../src/declare/check/tool-result.ts';
import type { InputRequired } from '../../../src/calls/question-round.ts';
import type { SpecialResult } from '../../../src/mcp/extension.ts';

export function completed<Result extends object = ToolResult>(result: Result | InputRequired | SpecialResult): Result {
  if ('inputRequests' in result) throw new Error(`asked: ${Object.keys(result.inputRequests).join()}`);
  if ('resultType' in result || 'task' in result) throw new Error('became a task');
  return result;
}
