/**
 * The entry on Cloudflare Workers, for the app that is deployed. To keep its data in DynamoDB, import `dynamodb` from the
 * same file and say `createWorker(app, { stores: { dynamodb } })`.
 */
import app from '../../app.ts';
import { createWorker } from './host.ts';

export default createWorker(app);
