/** The tools that every app with streams and feeds has, in the order in which they are listed; one with tasks has more. */
export const BUILT_IN_TOOLS = [
  ...(['list_streams', 'read_latest', 'read_history', 'tail_stream', 'poll_changes'] as const),
  ...(['get_task', 'cancel_task', 'read_result'] as const),
  ...(['wait_for', 'export_history', 'replay_dead_letters'] as const),
];
