/** The tools that come with the package, and what an app decides of them. Types alone. */

export type BuiltInName =
  | 'list_streams'
  | 'read_latest'
  | 'read_history'
  | 'tail_stream'
  | 'publish'
  | 'request'
  | 'get_task'
  | 'answer_task'
  | 'cancel_task'
  | 'read_result'
  | 'wait_for'
  | 'export_history'
  | 'replay_dead_letters';

/** What models read of a tool in place of what it says itself. */
export interface BuiltInTexts {
  title?: string;
  description?: string;
}

/** By name. False: the tool is not there, and its name is free. */
export type BuiltIns = { [Name in BuiltInName]?: boolean | BuiltInTexts };
