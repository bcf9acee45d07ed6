/** Functions with an app of their own: what `src/hosts/lambda/http.ts` is for the app that is deployed. */
import app from '../../end-to-end/app.ts';
import { createLambdaHost } from '../../../src/hosts/lambda/host.ts';
import { streamed } from '../../../src/hosts/lambda/platform.ts';

const host = createLambdaHost(app, process.env);

export const stream = streamed(host.stream);
export const buffered = host.buffered;
