/** The result of a call that neither asked nor became a task. */
import type { ToolResult } from '../../../src/declare/check/tool-result.ts';
import type { InputRequired } from '../../../src/calls/asking.ts';
import type { CreatedTask } from '../../../src/mcp/tasks/view.ts';

export function completed<Result extends object = ToolResult>(result: Result | InputRequired | CreatedTask): Result {
  if ('inputRequests' in result) throw new Error(`asked: ${Object.keys(result.inputRequests).join()}`);
  if ('taskId' in result) throw new Error(`became a task: ${result.taskId}`);
  return result;
}
