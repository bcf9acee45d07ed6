/** A Worker with an app of its own: what `src/entry/worker.ts` is for the app that is deployed. */
import app from '../end-to-end/app.ts';
import { createWorker } from '../../src/entry/worker-host.ts';

export default createWorker(app);
