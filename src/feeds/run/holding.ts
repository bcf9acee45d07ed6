/**
 * The runs of this process that hold a connection, by name. A host that stays up makes one and passes it to `ingest`. It
 * decides nothing: `ingest` says which run begins, and each ends by itself.
 */
export interface Holding {
  has(name: string): boolean;
  /** Begins a run; `work` does not reject. */
  begin(name: string, work: () => Promise<void>): void;
  /** Resolves when no run is under way. */
  ended(): Promise<void>;
}

/** @param onEnd called whenever a run has ended */
export function createHolding(onEnd: () => void): Holding {
  const running = new Map<string, Promise<void>>();
  return {
    has: (name) => running.has(name),
    begin(name, work) {
      const run = work().finally(() => {
        running.delete(name);
        onEnd();
      });
      running.set(name, run);
    },
    async ended() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
