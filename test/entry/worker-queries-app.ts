/** A Worker whose feeds read CSV and RSS. */
import app from '../apps/queries.ts';
import { createWorker } from '../../src/entry/worker-host.ts';

export default createWorker(app);
