/** A Worker with an app of its own: what `src/hosts/workers/worker.ts` is for the app that is deployed. */
import app from '../../end-to-end/app.ts';
import { createWorker } from '../../../src/hosts/workers/host.ts';

export default createWorker(app);
