/** The usage of `tidegate tasks`. It stands in a file of its own, so that printing it does not load the command. */
export const TASKS_USAGE = `  tidegate tasks list [--status STATUS] [--limit N] [--json]
  tidegate tasks show ID [--watch] [--json]
  tidegate tasks cancel ID
  tidegate tasks retry ID        begin a failed task again, with what had succeeded kept

  --subject NAME   whose tasks; default public. --tenant NAME   default public`;
