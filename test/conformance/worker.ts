/** The suite's app as a Worker: tasks go on behind the answers, and by its schedule. */
import { createWorker } from '../../src/hosts/workers/host.ts';
import { conformanceApp } from './app.ts';

export default createWorker(conformanceApp);
