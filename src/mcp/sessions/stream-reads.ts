/** Store calls of a response that stays open, where the platform counts those of one request. */
export interface StreamReads {
  /** How many are left. Who makes one takes it off. */
  left: number;
}

/**
 * @param most null: any number
 * @param spent called once none is left: the stream has to end, and its client comes back with a request of its own
 */
export function boundReads(most: number | null, spent: () => void): StreamReads {
  let left = most ?? Number.POSITIVE_INFINITY;
  return {
    get left() {
      return left;
    },
    set left(next) {
      const isLast = left > 0 && next <= 0;
      left = next;
      if (isLast) spent();
    },
  };
}
