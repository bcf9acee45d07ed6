/** The function that answers HTTP, with an app that declares a secret. */
import app from '../../examples/first/app.ts';
import { createLambdaHost } from '../../../src/hosts/lambda/host.ts';

export const { buffered } = createLambdaHost(app, process.env);
