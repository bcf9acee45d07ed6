/** All that runs on AWS: a table, three functions of one code, their two fronts, a schedule, and alarms. */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { addAlarms, type AlarmSettings } from './alarms.ts';
import { type Callers, tellCallers } from './callers.ts';
import { type Access, addHttpApi, addStreamingUrl, API_SECONDS } from './fronts.ts';
import { addFunction } from './function.ts';
import { addSchedule } from './schedule.ts';
import { addSecrets, appSecrets } from './secret.ts';
import { addTable, mayTrim, mayUse, type TableSettings } from './table.ts';

export interface TidegateProps extends StackProps, AlarmSettings, TableSettings {
  /** Folder of the bundle. */
  code: string;
  /** Who may call the URLs: everyone, or who may by IAM. */
  access: Access;
  /** How callers are known where everyone reaches the URLs. */
  auth: Callers;
  /** Variables of the functions beside those of the store. They stand in the template: no place for secrets. */
  environment: Record<string, string>;
  /** Counts the secrets. A greater number makes a new secret, which then seals. */
  secretGeneration: number;
  /** Variables that are secrets: those of the app, and those by which callers are known. Secrets Manager has them under `<app>/<name>`. */
  secrets: readonly string[];
  /** Counts changes of those. A greater number makes the functions take them over. */
  secretsRevision: number;
  /**
   * Most calls at once of each of the two functions that answer, so that a flood leaves the schedule its own. Null: as many
   * as the account has; AWS keeps 100 of them unreserved, and an account that has no more can have no such bound.
   */
  concurrency: number | null;
}

/** A tail takes up to 25 s. */
const STREAM_SECONDS = 30;
/** Less than the minute after which the next one comes. */
const SCHEDULED_SECONDS = 55;

export function createStack(scope: Construct, id: string, props: TidegateProps): Stack {
  const { code, access, auth, environment, app, feedLagMinutes, topicArn, secretGeneration, secrets, ...rest } = props;
  const { keepData, encryption, maxReadUnits, maxWriteUnits, concurrency, secretsRevision, ...stackProps } = rest;
  const stack = new Stack(scope, id, stackProps);
  const table = addTable(stack, { keepData, encryption, maxReadUnits, maxWriteUnits });
  const shared = {
    code: Code.fromAsset(code),
    environment: {
      ...environment,
      ...appSecrets(app, secrets),
      STORE: 'dynamodb',
      DYNAMODB_TABLE: table.tableName,
    },
    statements: mayUse(table),
  };
  const answering = {
    ...shared,
    environment: { ...shared.environment, ...addSecrets(stack, secretGeneration) },
    concurrency,
  };
  // CloudFormation looks for the values of references anew where something else of a function has changed.
  const described = (text: string) => (secretsRevision > 1 ? `${text} (secrets ${secretsRevision})` : text);
  const streaming = addFunction(stack, 'Streaming', {
    ...answering,
    handler: 'lambda-http.stream',
    description: described('MCP over a function URL, streamed'),
    timeoutSeconds: STREAM_SECONDS,
  });
  const buffered = addFunction(stack, 'Buffered', {
    ...answering,
    handler: 'lambda-http.buffered',
    description: described('MCP over an HTTP API, answered at once'),
    timeoutSeconds: API_SECONDS,
  });
  const scheduled = addFunction(stack, 'Scheduled', {
    ...shared,
    statements: [...mayUse(table), mayTrim(table)],
    handler: 'lambda-scheduled.scheduled',
    description: described('Drains feeds and keeps retention'),
    timeoutSeconds: SCHEDULED_SECONDS,
  });
  // A call that failed or was throttled this long is dropped, because the next minute brings another.
  scheduled.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
  addSchedule(stack, scheduled);
  addAlarms(
    stack,
    { Streaming: streaming, Buffered: buffered, Scheduled: scheduled },
    { app, feedLagMinutes, topicArn },
  );

  const url = `${addStreamingUrl(streaming, access)}mcp`;
  const apiUrl = `${addHttpApi(stack, buffered, access)}mcp`;
  new CfnOutput(stack, 'Url', { value: url, description: 'MCP endpoint, streamed' });
  new CfnOutput(stack, 'ApiUrl', {
    value: apiUrl,
    description: 'MCP endpoint, answered at once, with a limit on rates',
  });
  tellCallers(stack, app, url, access, auth);
  new CfnOutput(stack, 'TableName', { value: table.tableName });
  return stack;
}
