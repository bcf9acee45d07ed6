/** For promises that a task's `run` gets: it may not wait for one before it fails, which would end the process, and every other task in it. */
export function unattended<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
