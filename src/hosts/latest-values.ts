/** Keeps the values that were asked for last, up to a number. */

interface LatestValues<Value> {
  /** The value that is kept under the key; else `make` makes it. */
  of: (key: string, make: () => Value) => Value;
}

export function createLatestValues<Value>(most: number): LatestValues<Value> {
  const values = new Map<string, { value: Value }>();
  return {
    of(key, make) {
      const known = values.get(key);
      const { value } = known ?? { value: make() };
      // A map remembers the order in which keys were set: the first is the one that was asked for longest ago.
      values.delete(key);
      values.set(key, known ?? { value });
      const [oldest] = values.size > most ? values.keys() : [];
      if (oldest !== undefined) values.delete(oldest);
      return value;
    },
  };
}
