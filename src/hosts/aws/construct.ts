/**
 * All of an app that runs on AWS: a table, functions of one code, their two fronts, and where the app needs them a schedule, a
 * queue that wakes it in time, and what hands records to its feeds; with alarms and a dashboard.
 */
import { Annotations, Duration, Tags } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Code, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { addAlarms } from './alarms.ts';
import { bundleTemporarily } from './bundle.ts';
import { addDashboard } from './dashboard.ts';
import { API_SECONDS } from '../platforms/aws-checks.ts';
import { addHttpApi, addStreamingUrl } from './fronts.ts';
import { addFunction, type FunctionSettings, type SharedSettings } from './function.ts';
import { type DeploymentPlan, planDeployment } from './plan.ts';
import { addDeadLetters, addTaskQueue, consume, mayReceive, maySend, QUEUE_SECONDS } from './queue.ts';
import { addSchedule } from './schedule.ts';
import { addSecrets, appSecrets } from './secrets.ts';
import type { TidegateProps } from './settings.ts';
import { connectSource, mayRead, SOURCE_SECONDS } from './sources.ts';
import { addTable, mayTrim, mayUse } from './table.ts';

/** The functions of an app, for grants and metrics of your own. */
export interface TidegateFunctions {
  /** Answers behind the function URL. */
  streaming: LambdaFunction;
  /** Answers behind the HTTP API. */
  buffered: LambdaFunction;
  /** Drains feeds each minute. Null: the app has nothing for a schedule. */
  scheduled: LambdaFunction | null;
  /** Works on what the queue brings. Null: the app has nothing for a queue. */
  queue: LambdaFunction | null;
  /** Those that are handed records, by the feed's name. */
  sources: Readonly<Record<string, LambdaFunction>>;
}

/** Less than the minute after which the next one comes. */
const SCHEDULED_SECONDS = 55;

/** An app on AWS, from its own folder. */
export class Tidegate extends Construct {
  readonly table: Table;
  readonly functions: TidegateFunctions;
  /** All of `functions`, each once. */
  readonly allFunctions: readonly LambdaFunction[];
  /** MCP behind a function URL, which streams. */
  readonly url: string;
  /** MCP behind an HTTP API, which limits rates. */
  readonly apiUrl: string;
  readonly api: HttpApi;
  /** Wakes the app in time. Null: it has nothing to be woken for. */
  readonly queue: Queue | null;
  /** What failed for good: hints of the queue, and records that could not be handed over. */
  readonly deadLetters: readonly Queue[];
  readonly dashboard: Dashboard | null;
  /** What it was made from. */
  readonly plan: DeploymentPlan;

  /** @throws TidegateError `invalid_config` before anything is made, for what would not work on AWS */
  constructor(scope: Construct, id: string, props: TidegateProps) {
    const plan = planDeployment(props);
    super(scope, id);
    this.plan = plan;
    this.table = addTable(this, plan);
    const tasks = plan.needs.queue ? addTaskQueue(this) : null;
    this.queue = tasks?.queue ?? null;
    const failed = plan.needs.handed.length > 0 ? addDeadLetters(this, 'RecordsDead') : null;
    this.functions = withCode(props, plan, (code) => this.addFunctions(code, props, failed));
    const { streaming, buffered, scheduled, queue, sources } = this.functions;
    this.allFunctions = [streaming, buffered, scheduled, queue, ...Object.values(sources)].filter(
      (one) => one !== null,
    );
    this.url = `${addStreamingUrl(streaming, plan.access)}mcp`;
    const front = addHttpApi(this, buffered, plan.access);
    this.apiUrl = `${front.url}mcp`;
    this.api = front.api;

    const hints = tasks
      ? [{ queue: tasks.dead, what: 'hints of the queue were given up: the schedule found their work' }]
      : [];
    const records = failed ? [{ queue: failed, what: 'records could not be handed to a feed' }] : [];
    const dead = [...hints, ...records];
    this.deadLetters = dead.map(({ queue: letters }) => letters);
    const functions = Object.fromEntries(this.allFunctions.map((target) => [target.node.id, target]));
    const app = scheduled === null ? null : plan.names.stack;
    addAlarms(this, { functions, dead, app }, { feedLagMinutes: plan.feedLagMinutes, topicArn: plan.alarmTopicArn });
    const shown = { functions, table: this.table, memoryMb: plan.memoryMb, dead, app };
    this.dashboard = plan.dashboard ? addDashboard(this, shown) : null;

    const { stage, tags } = plan;
    const own = { 'tidegate:app': props.app.name, ...(stage === undefined ? {} : { 'tidegate:stage': stage }) };
    for (const [name, value] of Object.entries({ ...own, ...tags })) Tags.of(this).add(name, value);
    for (const { feed, what, fix, handed } of plan.needs.losing) {
      if (handed) continue;
      const caveat = `feed ${feed}: nothing holds its connection here. ${what} To mend it: ${fix}`;
      Annotations.of(this).addWarningV2(`tidegate:losing:${feed}`, caveat);
    }
  }

  private addFunctions(code: Code, { sources = {} }: TidegateProps, failed: Queue | null): TidegateFunctions {
    const { plan, table, queue } = this;
    const { needs, names, memoryMb, logDays, concurrency, stage } = plan;
    const shared: SharedSettings = {
      code,
      memoryMb,
      logDays,
      environment: {
        ...plan.variables,
        ...appSecrets(names, plan.secrets),
        STORE: 'dynamodb',
        DYNAMODB_TABLE: table.tableName,
        ...(stage === undefined ? {} : { TIDEGATE_STAGE: stage }),
        ...(queue === null ? {} : { TASKS_QUEUE_URL: queue.queueUrl }),
      },
      statements: [...mayUse(table), ...(queue === null ? [] : [maySend(queue)])],
    };
    // CloudFormation looks for the values of references anew where something else of a function has changed.
    const told = (text: string) => (plan.secretsRevision > 1 ? `${text} (secrets ${plan.secretsRevision})` : text);
    const add = (id: string, own: Omit<FunctionSettings, keyof SharedSettings> & Partial<SharedSettings>) =>
      addFunction(this, id, { ...shared, ...own, description: told(own.description) });

    const sealing = { environment: { ...shared.environment, ...addSecrets(this, plan.secret) } };
    const streaming = add('Streaming', {
      ...sealing,
      concurrency,
      handler: 'lambda-http.stream',
      description: 'MCP over a function URL, streamed',
      timeoutSeconds: plan.requestSeconds,
    });
    const buffered = add('Buffered', {
      ...sealing,
      concurrency,
      handler: 'lambda-http.buffered',
      description: 'MCP over an HTTP API, answered at once',
      timeoutSeconds: API_SECONDS,
    });
    const working = { ...sealing, statements: [...shared.statements, mayTrim(table)] };
    let scheduled: LambdaFunction | null = null;
    if (needs.schedule) {
      scheduled = add('Scheduled', {
        ...working,
        handler: 'lambda-scheduled.scheduled',
        description: 'Drains feeds and keeps retention',
        timeoutSeconds: SCHEDULED_SECONDS,
      });
      // A call that failed or was throttled this long is dropped, because the next minute brings another.
      scheduled.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
      addSchedule(this, scheduled);
    }
    let woken: LambdaFunction | null = null;
    if (queue !== null) {
      woken = add('Queue', {
        ...working,
        statements: [...working.statements, mayReceive(queue.queueArn)],
        handler: 'lambda-queue.queue',
        description: 'Goes on with tasks, triggers and deliveries when it is time',
        timeoutSeconds: QUEUE_SECONDS,
      });
      consume(woken, queue);
    }
    const fed = Object.entries(sources).flatMap(([feed, source]) => {
      if (failed === null) return [];
      const target = add(`Source-${feed}`, {
        environment: { ...shared.environment, TIDEGATE_FEED: feed },
        statements: [...shared.statements, ...mayRead(source, failed)],
        handler: 'lambda-records.records',
        description: `Hands records to the feed ${feed}`,
        timeoutSeconds: SOURCE_SECONDS,
      });
      connectSource(target, source, failed);
      return [[feed, target] as const];
    });
    return { streaming, buffered, scheduled, queue: woken, sources: Object.fromEntries(fed) };
  }
}

/** Works with the functions' code, which is made for it and copied by CDK, unless there is one. */
function withCode<Result>(props: TidegateProps, { entries }: DeploymentPlan, work: (code: Code) => Result): Result {
  const { code, appFile, hostFile, bundle = {} } = props;
  if (code !== undefined) return work(Code.fromAsset(code));
  const made = bundleTemporarily({ appFile, hostFile }, entries, bundle);
  try {
    return work(Code.fromAsset(made.code));
  } finally {
    made.remove();
  }
}
