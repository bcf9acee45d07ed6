/** What was read a short while ago, bounded in number. The clock is an argument. */

export interface Recent<Value> {
  /** Undefined: it was not read, or too long ago. @param now epoch ms */
  get(name: string, now: number): Value | undefined;
  /** @param readAt when reading began, epoch ms. The oldest goes where there are too many. */
  set(name: string, value: Value, readAt: number): void;
  clear(): void;
}

/** @param keptMs a time that lies ahead counts as one that is past: the clock was set back since */
export function createRecent<Value>(most: number, keptMs: number): Recent<Value> {
  const kept = new Map<string, { value: Value; readAt: number }>();
  return {
    get(name, now) {
      const found = kept.get(name);
      if (found === undefined) return undefined;
      if (Math.abs(now - found.readAt) < keptMs) return found.value;
      kept.delete(name);
      return undefined;
    },
    set(name, value, readAt) {
      kept.delete(name);
      kept.set(name, { value, readAt });
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
