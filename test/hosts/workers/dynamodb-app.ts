/** A Worker that is built with DynamoDB too. */
import app from '../../end-to-end/app.ts';
import { createWorker, dynamodb } from '../../../src/hosts/workers/host.ts';

export default createWorker(app, { stores: { dynamodb } });
