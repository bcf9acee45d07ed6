/** What stands for the operator's own modules in the entry points; the bundler puts theirs in its place. */
declare module 'deployed:app' {
  const app: import('../../declare/app.ts').App;
  export default app;
}

declare module 'deployed:host' {
  const host: import('../lambda/host.ts').LambdaHost;
  export default host;
}
