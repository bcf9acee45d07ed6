/** What was read a short while ago, bounded in number. The clock is an argument. */

interface Recent<Value> {
  /** Undefined: it was not read, or too long ago. @param now epoch ms */
  get(name: string, now: number): Value | undefined;
  /**
   * A value whose reading began before that of the one that is kept does not take its place: a slow read does not bring back what
   * was changed meanwhile. The oldest goes where there are too many.
   * @param readAt when reading began, epoch ms
   */
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
      const newerByMs = (kept.get(name)?.readAt ?? readAt) - readAt;
      if (newerByMs > 0 && newerByMs < keptMs) return;
      kept.delete(name);
      kept.set(name, { value, readAt });
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    },
    clear: () => kept.clear(),
  };
}
