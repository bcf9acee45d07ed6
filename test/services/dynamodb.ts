/** For tests: the same as in development. */
export { createTable, startDynamo, type RunningDynamo } from '../../infra/local/dynamodb.ts';
