/**
 * For promises that a task's `run` gets. `run` need not wait for one before it fails; such a failure would otherwise end the
 * process, and every other task in it.
 */
export function unattended<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
