/** `tidegate/node`: an app on Node, listening by itself or within a server of your own. */
export { createHost } from './hosts/host.ts';
export type { Host, HostOptions } from './hosts/http-host.ts';
export { createLog, type LogOptions } from './hosts/log.ts';
export { nodeListener, type NodeListener } from './hosts/node/listener.ts';
export { type Loop, type LoopOptions, startLoop } from './hosts/node/loop.ts';
export { nodeRuntime } from './hosts/node/runtime.ts';
export { serve, type Serving } from './hosts/node/serve.ts';
export { startTaskWorkers, type TaskWorkers } from './hosts/node/workers.ts';
export type { Config } from './base/config/config.ts';
export { openStore, readConfig } from './store/drivers/open.ts';
