/** The orders that a child of the follower runs gets: `ready` is its own word, then it is told to go, and to stop. */

export interface Orders {
  go: Promise<void>;
  stopped(): boolean;
}

/** Says `ready`. A child whose parent is gone ends. */
export function onOrders(): Orders {
  const going = Promise.withResolvers<void>();
  let stopped = false;
  process.on('message', (order) => {
    if (order === 'go') going.resolve();
    if (order === 'stop') stopped = true;
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
  return { go: going.promise, stopped: () => stopped };
}
