/** The entry on Cloudflare Workers, for the app that is deployed. */
import app from '../app.ts';
import { createWorker } from './worker-host.ts';

export default createWorker(app);
