/** A Worker whose feeds read CSV and RSS. */
import app from '../../examples/queries/app.ts';
import { createWorker } from '../../../src/hosts/workers/host.ts';

export default createWorker(app);
