/** One function with a role and a log of its own: it may write its log, and do what its statements say. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';

export interface FunctionSettings {
  code: Code;
  /** File without ending, and export. */
  handler: string;
  description: string;
  timeoutSeconds: number;
  environment: Record<string, string>;
  statements: PolicyStatement[];
  /** Most calls at once, taken out of what the account has; null: as many as the account has left. */
  concurrency?: number | null;
}

/** CPU comes with memory; below this a cold start takes longer. */
const MEMORY_MB = 512;

export function addFunction(stack: Stack, id: string, settings: FunctionSettings): LambdaFunction {
  const { timeoutSeconds, statements, concurrency = null, ...given } = settings;
  const logGroup = new LogGroup(stack, `${id}Log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const logs = new PolicyStatement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    // The name of the log group ends in `:*`, because Lambda names the log streams later and no narrower name is known.
    resources: [logGroup.logGroupArn],
  });
  const role = new Role(stack, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { own: new PolicyDocument({ statements: [logs, ...statements] }) },
  });
  return new LambdaFunction(stack, id, {
    ...given,
    role,
    logGroup,
    // Lines are JSON of our own, and those of metrics have to stay as they are.
    loggingFormat: LoggingFormat.TEXT,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: MEMORY_MB,
    timeout: Duration.seconds(timeoutSeconds),
    ...(concurrency === null ? {} : { reservedConcurrentExecutions: concurrency }),
  });
}
