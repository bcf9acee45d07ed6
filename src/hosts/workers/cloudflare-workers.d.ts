/** What is used of the platform's own modules; only workerd has them. */
declare module 'cloudflare:workers' {
  /** Keeps the invocation alive until the promise settles, 30 s after the answer at most. */
  export function waitUntil(work: Promise<unknown>): void;
}

declare module 'cloudflare:sockets' {
  export interface Socket {
    readonly opened: Promise<unknown>;
    readonly closed: Promise<void>;
    readonly readable: {
      getReader(options: { mode: 'byob' }): {
        /** The buffer of the view is given away; what is answered lies in it. */
        read(view: Uint8Array): Promise<{ done: boolean; value?: Uint8Array }>;
      };
    };
    readonly writable: { getWriter(): { write(bytes: Uint8Array): Promise<void> } };
    /** What was written goes out before. */
    close(): Promise<void>;
  }

  export function connect(
    address: { hostname: string; port: number },
    options: { secureTransport: 'off' | 'on'; allowHalfOpen: false },
  ): Socket;
}
