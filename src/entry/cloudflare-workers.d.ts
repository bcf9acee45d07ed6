/** What is used of the platform's own module; only workerd has it. */
declare module 'cloudflare:workers' {
  /** Keeps the invocation alive until the promise settles, 30 s after the answer at most. */
  export function waitUntil(work: Promise<unknown>): void;
}
