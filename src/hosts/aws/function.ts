/** One function with a role and a log of its own: it may write its log, and do what its statements say. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { LogDays } from './settings.ts';

/** What is the same for all functions of an app. */
export interface SharedSettings {
  code: Code;
  environment: Record<string, string>;
  statements: readonly PolicyStatement[];
  memoryMb: number;
  logDays: LogDays;
}

export interface FunctionSettings extends SharedSettings {
  /** File without ending, and export. */
  handler: string;
  description: string;
  timeoutSeconds: number;
  /** Most calls at once, taken out of what the account has. Absent: as many as the account has left. */
  concurrency?: number | undefined;
}

const RETENTION: Readonly<Record<LogDays, RetentionDays>> = {
  1: RetentionDays.ONE_DAY,
  3: RetentionDays.THREE_DAYS,
  5: RetentionDays.FIVE_DAYS,
  7: RetentionDays.ONE_WEEK,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
  60: RetentionDays.TWO_MONTHS,
  90: RetentionDays.THREE_MONTHS,
  180: RetentionDays.SIX_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

export function addFunction(scope: Construct, id: string, settings: FunctionSettings): LambdaFunction {
  const { timeoutSeconds, statements, concurrency, memoryMb, logDays, ...given } = settings;
  // A group of the stack's own: one that Lambda makes by itself has no end, and stays when the stack goes.
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: RETENTION[logDays],
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const logs = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    // The name of the log group ends in `:*`, because Lambda names the log streams later and no narrower name is known.
    resources: [logGroup.logGroupArn],
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { own: new PolicyDocument({ statements: [logs, ...statements] }) },
  });
  return new LambdaFunction(scope, id, {
    ...given,
    role,
    logGroup,
    // Lines are JSON of our own, and those of metrics have to stay as they are.
    loggingFormat: LoggingFormat.TEXT,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: memoryMb,
    timeout: Duration.seconds(timeoutSeconds),
    ...(concurrency === undefined ? {} : { reservedConcurrentExecutions: concurrency }),
  });
}
