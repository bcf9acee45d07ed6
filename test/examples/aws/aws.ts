/** What is deployed to AWS: the app of app.ts, in a stack of its own. */
import { createTidegateStack } from 'tidegate/aws';
import app from './app.ts';

createTidegateStack(app, { appFile: new URL('app.ts', import.meta.url), auth: 'keys' });
