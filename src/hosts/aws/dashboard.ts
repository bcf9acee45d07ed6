/** One page of CloudWatch: what is asked and how fast it is answered, what fails, how late feeds and tasks are, and what costs. */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { METRICS } from '../lambda/metrics.ts';
import { ofApp } from './alarms.ts';

interface DashboardParts {
  functions: Readonly<Record<string, LambdaFunction>>;
  table: Table;
  memoryMb: number;
  dead: readonly { queue: IQueue; what: string }[];
  /** Dimension of the metrics that the schedule writes; null: there is no schedule. */
  app: string | null;
}

const PERIOD = Duration.minutes(5);
const DAY = Duration.days(1);
const WIDTH = 8;

/**
 * What AWS asks in us-east-1 for a million of each, in dollars, as its price lists had it in 2026. It is for a hint; the bill is
 * AWS's own.
 */
const PRICES = { gbSeconds: 13.3334, calls: 0.2, readUnits: 0.125, writeUnits: 0.625 };

export function addDashboard(scope: Construct, shown: DashboardParts): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', { defaultInterval: DAY });
  for (const row of rowsOf(shown)) dashboard.addWidgets(...row);
  return dashboard;
}

/** The page's address; its name is CloudFormation's, because names of dashboards are of all regions of an account. */
export function dashboardUrl(scope: Construct, { dashboardName }: Dashboard): string {
  const { region } = Stack.of(scope);
  return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboardName}`;
}

function rowsOf({ functions, table, dead, app, memoryMb }: DashboardParts): IWidget[][] {
  const named = Object.entries(functions);
  const of = (metric: (target: LambdaFunction, label: string) => IMetric) =>
    named.map(([name, target]) => metric(target, name));
  const rows = [
    [
      graph(
        'Calls',
        of((target, label) => target.metricInvocations({ period: PERIOD, label })),
      ),
      graph(
        'Time, p95, ms',
        of((target, label) => target.metricDuration({ period: PERIOD, label, statistic: 'p95' })),
      ),
      graph('Errors and throttles', [
        ...of((target, label) => target.metricErrors({ period: PERIOD, label: `${label} errors` })),
        ...of((target, label) => target.metricThrottles({ period: PERIOD, label: `${label} throttles` })),
      ]),
    ],
    [
      graph('Request units of the table', [consumed(table, 'Read', PERIOD), consumed(table, 'Write', PERIOD)]),
      graph('Requests that the table refused', [
        refused(table, 'ReadThrottleEvents'),
        refused(table, 'WriteThrottleEvents'),
      ]),
      ...(dead.length === 0
        ? []
        : [
            graph(
              'Given up',
              dead.map(({ queue }) =>
                queue.metricApproximateNumberOfMessagesVisible({
                  period: PERIOD,
                  statistic: Stats.MAXIMUM,
                  label: queue.node.id,
                }),
              ),
            ),
          ]),
    ],
  ];
  const late = app === null ? [] : [lateness(app)];
  return [...rows, ...late, costs(named, table, memoryMb)];
}

function lateness(app: string): IWidget[] {
  const told = (...names: string[]) => names.map((name) => ofApp(app, name));
  return [
    graph('Age of the newest event of the feed furthest behind, ms', told(METRICS.feedLag)),
    graph('Due for, ms', told(METRICS.oldestDue, METRICS.oldestTaskDue)),
    graph('Feeds that keep failing', told(METRICS.openFeeds)),
  ];
}

/** Names of metrics in an expression: the letter, and a number. */
const sum = (letter: string, metrics: readonly IMetric[]) => metrics.map((_, index) => `${letter}${index}`).join('+');
const using = (letter: string, metrics: readonly IMetric[]) =>
  Object.fromEntries(metrics.map((metric, index) => [`${letter}${index}`, metric]));

function costs(named: [string, LambdaFunction][], table: Table, memoryMb: number): IWidget[] {
  const calls = named.map(([, target]) => target.metricInvocations({ period: DAY }));
  const times = named.map(([, target]) => target.metricDuration({ period: DAY, statistic: Stats.SUM }));
  const gb = memoryMb / 1_024;
  const functions = new MathExpression({
    label: 'functions',
    period: DAY,
    expression: `(${sum('c', calls)})/1000000*${PRICES.calls}+(${sum('d', times)})/1000000000*${gb * PRICES.gbSeconds}`,
    usingMetrics: { ...using('c', calls), ...using('d', times) },
  });
  const units = new MathExpression({
    label: 'table',
    period: DAY,
    expression: `r/1000000*${PRICES.readUnits}+w/1000000*${PRICES.writeUnits}`,
    usingMetrics: { r: consumed(table, 'Read', DAY), w: consumed(table, 'Write', DAY) },
  });
  const markdown = [
    '**A hint, not the bill**: dollars a day at the prices of us-east-1 in 2026, before free tiers, of functions and',
    'of the table without its index. Beside them: storage and backups of the table, logs by the byte, each alarm and',
    'each secret by the month, this page where the account has more than three, HTTP API and queue by the request.',
  ].join(' ');
  return [
    graph('About, dollars a day', [functions, units], DAY),
    new TextWidget({ markdown, width: 2 * WIDTH, height: 6 }),
  ];
}

function graph(title: string, left: IMetric[], period = PERIOD): GraphWidget {
  return new GraphWidget({ title, left, period, width: WIDTH, height: 6, leftYAxis: { min: 0 } });
}

function consumed({ tableName }: Table, kind: 'Read' | 'Write', period: Duration): Metric {
  return new Metric({
    namespace: 'AWS/DynamoDB',
    metricName: `Consumed${kind}CapacityUnits`,
    dimensionsMap: { TableName: tableName },
    statistic: Stats.SUM,
    label: kind.toLowerCase(),
    period,
  });
}

function refused({ tableName }: Table, metricName: string): Metric {
  const dimensionsMap = { TableName: tableName };
  return new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, statistic: Stats.SUM, period: PERIOD });
}
