/** The entry point on AWS Lambda that a schedule calls, for the app that is deployed. */
import app from '../../app.ts';
import { createLambdaHost } from './host.ts';

export const scheduled = createLambdaHost(app, process.env).scheduled;
