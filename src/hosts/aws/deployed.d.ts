/** What stands for the operator's own modules in the entry points; the bundler puts theirs in its place. */
declare module 'deployed:app' {
  import type { App } from 'tidegate';

  const app: App;
  export default app;
}

declare module 'deployed:host' {
  import type { LambdaHost } from 'tidegate/lambda';

  const host: LambdaHost;
  export default host;
}
