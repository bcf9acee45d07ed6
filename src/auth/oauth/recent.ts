/** What was found out of late, by a key, each until a time of its own. Bounded: the oldest goes first. */
export interface Recent<Value> {
  /** Undefined: nothing, or nothing that still counts. */
  get(key: string, now: number): Value | undefined;
  /** @param until epoch ms */
  put(key: string, value: Value, now: number, until: number): void;
}

export function createRecent<Value>(most: number): Recent<Value> {
  const entries = new Map<string, { value: Value; from: number; until: number }>();
  return {
    get(key, now) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      // Where the clock was set back, nobody knows how old it is.
      if (entry.from <= now && now < entry.until) return entry.value;
      entries.delete(key);
      return undefined;
    },
    put(key, value, now, until) {
      entries.delete(key);
      if (until <= now) return;
      entries.set(key, { value, from: now, until });
      const [oldest] = entries.size > most ? entries.keys() : [];
      if (oldest !== undefined) entries.delete(oldest);
    },
  };
}
