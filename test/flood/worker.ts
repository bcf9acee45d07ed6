/** The app of the floods as a Worker. */
import { createWorker } from '../../src/hosts/workers/host.ts';
import { app } from './app.ts';

export default createWorker(app);
