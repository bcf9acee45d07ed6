/** What Lambda's Node runtime has beside Node: the global through which an answer is streamed. */
import type { Writable } from 'node:stream';
import type { Prelude } from './answer.ts';
import type { HttpEvent } from './event.ts';

/** What is read of the platform's context. */
export interface Invocation {
  getRemainingTimeInMillis(): number;
  /** The same when the platform tries an asynchronous invocation again. */
  awsRequestId?: string;
}

export type StreamHandler = (event: HttpEvent, stream: Writable, invocation: Invocation) => Promise<void>;

interface AwsLambda {
  /** Marks a handler as one that streams. */
  streamifyResponse(handler: StreamHandler): StreamHandler;
  HttpResponseStream: {
    /** The stream for the body; its first write sends the head before it. */
    from(stream: Writable, prelude: Prelude): Writable;
  };
}

declare const awslambda: AwsLambda;

export const streamed = (handler: StreamHandler): StreamHandler => awslambda.streamifyResponse(handler);

export const openBody = (stream: Writable, prelude: Prelude): Writable =>
  awslambda.HttpResponseStream.from(stream, prelude);
