/**
 * Goes on with a value at once where it is there, and behind a promise where it is not. A promise for each step of a request costs
 * more than most steps do.
 */

/** What `go` makes of a value: a promise only where the value, or what is made of it, is one. */
export function whenKnown<Value, Made>(
  value: Value | Promise<Value>,
  go: (value: Value) => Made | Promise<Made>,
): Made | Promise<Made> {
  return isPromise(value) ? Promise.resolve(value).then(go) : go(value);
}

/** Whether somebody has to wait for it. Promises of other libraries count too. */
export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
