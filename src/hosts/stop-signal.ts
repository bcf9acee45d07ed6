/** How an operator ends a process that stays: Ctrl-C, or a signal of what started it. */

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
