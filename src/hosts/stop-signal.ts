/** How a process that stays up is ended: by Ctrl-C, or by a signal of whatever started it. */

/** Resolves at the first SIGINT or SIGTERM. A second one, of either kind, ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const stop = () => {
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}

/** How often it is looked whether whoever started the process is still there, ms. */
const LOOK_MS = 500;

/**
 * Resolves when the shell is gone in which npm started this process. A signal that npm gets ends npm and its shell, and never
 * reaches what runs in there, which would go on by itself.
 */
export function untilAbandoned(environment: NodeJS.ProcessEnv): Promise<void> {
  const shell = process.ppid;
  return new Promise((resolve) => {
    if (environment['npm_lifecycle_event'] === undefined) return;
    const look = setInterval(() => {
      if (process.ppid === shell) return;
      clearInterval(look);
      resolve();
    }, LOOK_MS);
    look.unref();
  });
}

/** For what was written last to leave the process, ms. */
const LEAVING_MS = 200;

/** Ends the process soon, with the status that stands then, also where something still runs in it. */
export function leave(): void {
  setTimeout(() => process.exit(), LEAVING_MS).unref();
}
