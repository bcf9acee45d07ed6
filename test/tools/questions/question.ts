/** A question of live data, with the calls that answer it. */

export interface Call {
  tool: string;
  arguments: Record<string, unknown>;
}

export interface Question {
  ask: string;
  /** The call that answers it. Its `where` and `condition` are in the nested form that earlier releases showed. */
  call: Call;
  /** Other calls that answer it as well. */
  or?: readonly Call[];
}

export const call = (tool: string, args: Record<string, unknown>): Call => ({ tool, arguments: args });
export const latest = (args: Record<string, unknown>) => call('read_latest', args);
export const history = (args: Record<string, unknown>) => call('read_history', args);
export const waiting = (stream: string, condition: object, more: object = {}) =>
  call('wait_for', { stream, condition, ...more });
