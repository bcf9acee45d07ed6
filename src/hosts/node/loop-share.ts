/** Who waits for the event loop, of which a process has one: requests go before loops of work that nobody waits for. */

const asked = new Set<() => boolean>();

/** @param wait whether requests of a server wait for a turn @returns forgets it */
export function watchRequests(wait: () => boolean): () => void {
  asked.add(wait);
  return () => void asked.delete(wait);
}

/** Whether a request waits, of any server of this process. */
export function requestsWait(): boolean {
  for (const wait of asked) if (wait()) return true;
  return false;
}
