/** `tidegate/worker`: an app on Cloudflare Workers. `export default createWorker(app)` is the whole file. */
export {
  createWorker,
  dynamodb,
  type WorkerContext,
  type WorkerEnvironment,
  type WorkerHost,
  type WorkerOptions,
} from './hosts/workers/host.ts';
export { observeStore } from './http/observe/observe.ts';
