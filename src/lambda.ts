/** `tidegate/lambda`: an app on AWS Lambda, behind a function URL that streams or an HTTP API, and on a schedule. */
export { createLambdaHost, type LambdaHost, type LambdaOptions } from './hosts/lambda/host.ts';
export { observeStore } from './http/observe/observe.ts';
export type { HttpEvent } from './hosts/lambda/event.ts';
export { type Invocation, streamed, type StreamHandler } from './hosts/lambda/platform.ts';
