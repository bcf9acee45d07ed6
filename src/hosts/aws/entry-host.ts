/** The host of the app that is deployed, where the operator has no module of their own that makes one. */
import app from 'deployed:app';
import { createLambdaHost } from '../lambda/host.ts';

export default createLambdaHost(app, process.env);
