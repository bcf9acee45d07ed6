/** The tools that come with the package, what an app decides of them, and the names under which they are shown. Pure. */

/** Tools whose answers and texts name each other. Each is named by this name in declarations, whatever it is shown as. */
export const BUILT_INS = [
  'list_streams',
  'read_latest',
  'read_history',
  'tail_stream',
  'poll_changes',
  'subscribe',
  'list_subscriptions',
  'unsubscribe',
  'publish',
  'request',
  'get_task',
  'answer_task',
  'cancel_task',
  'read_result',
  'wait_for',
  'export_history',
  'replay_dead_letters',
  'list_alarms',
  'acknowledge_alarm',
  'list_triggers',
  'try_condition',
] as const;

export type BuiltInName = (typeof BUILT_INS)[number];

/** What models read of a tool in place of what it says itself. */
interface BuiltInTexts {
  /** By which it is listed and called, and named in every answer. 1 to 64 letters, digits, _ and -, a letter first. */
  name?: string;
  title?: string;
  description?: string;
}

/** By name. False: the tool is not there, and its name is free. */
export type BuiltIns = { [Name in BuiltInName]?: boolean | BuiltInTexts };

/** Under which name each is shown; null: the app leaves it out, so that nothing may name it. */
export type ToolNames = Readonly<Record<BuiltInName, string | null>>;

export function toolNamesOf(builtIns: BuiltIns): ToolNames {
  const shownAs = (name: BuiltInName) => {
    const own = builtIns[name];
    return own === false ? null : typeof own === 'object' ? (own.name ?? name) : name;
  };
  return Object.fromEntries(BUILT_INS.map((name) => [name, shownAs(name)])) as Record<BuiltInName, string | null>;
}
