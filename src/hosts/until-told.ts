/** Resolves at the first SIGINT or SIGTERM; a second one, of either kind, ends the process at once. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const told = () => {
      for (const signal of signals) process.off(signal, told);
      resolve();
    };
    for (const signal of signals) process.on(signal, told);
  });
}
