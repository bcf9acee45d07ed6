/** A function with an app of its own: what `src/hosts/lambda/scheduled.ts` is for the app that is deployed. */
import app from '../../end-to-end/app.ts';
import { createLambdaHost } from '../../../src/hosts/lambda/host.ts';

export const scheduled = createLambdaHost(app, process.env).scheduled;
