/** The entry points on AWS Lambda that answer HTTP, for the app that is deployed: `stream` behind a function URL, `buffered` behind an HTTP API. */
import app from '../../app.ts';
import { createLambdaHost } from './host.ts';
import { streamed } from './platform.ts';

const host = createLambdaHost(app, process.env);

export const stream = streamed(host.stream);
export const buffered = host.buffered;
