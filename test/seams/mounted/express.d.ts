/** What of Express the test uses; its own types are a package that nothing else here needs. */
declare module 'express' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  type Handler = (request: IncomingMessage, response: ServerResponse & { send(text: string): void }) => unknown;

  interface Express extends RequestListener {
    get(path: string, handler: Handler): Express;
    use(path: string, handler: Handler): Express;
  }

  export default function express(): Express;
}
