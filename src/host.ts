/**
 * `tidegate/host`: an app as one thing with `fetch`, `scheduled` and `queue`, for any platform that has fetch. The hosts of
 * `tidegate/node`, `tidegate/worker` and `tidegate/lambda` stand on it.
 */
export { createHost } from './hosts/host.ts';
export type { Host, HostOptions } from './hosts/http-host.ts';
export { keyCallers, type KeyCallersOptions } from './hosts/callers.ts';
export { createLog, type LogOptions } from './hosts/log.ts';
export type { QueuedMessage, TaskBatch, TaskMessage, TaskQueue } from './hosts/queue.ts';
export type { ScheduledReport } from './hosts/scheduled.ts';
export { createObserve, type Observe, type ObserveOptions, observeStore } from './http/observe/observe.ts';
export type { Authenticate } from './http/authenticate.ts';
export { type Log, type LogLevel, type Runtime, systemRuntime } from './base/runtime.ts';
export type { Secrets } from './base/seal.ts';
export type { Dispatch } from './tasks/records/dispatch.ts';
