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

/** For what was written last to leave the process, ms. */
const LEAVING_MS = 200;

/** Ends the process soon, with the status that stands then, also where something still runs in it. */
export function leave(): void {
  setTimeout(() => process.exit(), LEAVING_MS).unref();
}
