/** What a person should look at: functions that fail or are throttled, feeds that fail or bring nothing, a schedule that does not keep up, and what was given up. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE } from '../lambda/metrics.ts';

interface Watched {
  functions: Readonly<Record<string, IFunction>>;
  /** Queues that keep what failed for good, with what that is. */
  dead: readonly { queue: IQueue; what: string }[];
  /** Dimension of the metrics that the schedule writes; null: there is no schedule. */
  app: string | null;
}

interface AlarmSettings {
  /** Age of the newest event from which a feed is too far behind, minutes. */
  feedLagMinutes: number;
  /** Is notified of each alarm. Absent: alarms show in the console alone. */
  topicArn?: string | undefined;
}

const PERIOD = Duration.minutes(5);
/** The schedule comes every minute, so a feed or a task that waits this long was passed over. */
const OLDEST_DUE_MINUTES = 5;

export function addAlarms(scope: Construct, { functions, dead, app }: Watched, settings: AlarmSettings): void {
  const { feedLagMinutes, topicArn } = settings;
  const topic = topicArn === undefined ? null : Topic.fromTopicArn(scope, 'AlarmTopic', topicArn);

  function alarm(id: string, metric: IMetric, threshold: number, alarmDescription: string, silence: TreatMissingData) {
    const made = new Alarm(scope, id, {
      metric,
      threshold,
      alarmDescription,
      evaluationPeriods: 1,
      treatMissingData: silence,
    });
    if (topic !== null) made.addAlarmAction(new SnsAction(topic));
  }

  const { NOT_BREACHING, BREACHING, IGNORE } = TreatMissingData;
  for (const [name, target] of Object.entries(functions)) {
    alarm(`${name}Errors`, target.metricErrors({ period: PERIOD }), 1, `${name} failed`, NOT_BREACHING);
    alarm(`${name}Throttles`, target.metricThrottles({ period: PERIOD }), 1, `${name} was throttled`, NOT_BREACHING);
  }
  for (const { queue, what } of dead) {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM });
    alarm(`${queue.node.id}Letters`, waiting, 1, what, NOT_BREACHING);
  }
  if (app === null) return;
  const told = (metric: string) => ofApp(app, metric);
  // A feed that never brought anything has no lag. The other alarms show that it fails or is not worked.
  const lag = `the newest event of a feed is older than ${feedLagMinutes} minutes`;
  alarm('FeedLag', told(METRICS.feedLag), feedLagMinutes * 60_000, lag, IGNORE);
  const due = `a feed has been due for ${OLDEST_DUE_MINUTES} minutes, or the schedule does not run`;
  alarm('OldestDue', told(METRICS.oldestDue), OLDEST_DUE_MINUTES * 60_000, due, BREACHING);
  const task = `a task has been due for ${OLDEST_DUE_MINUTES} minutes`;
  alarm('OldestTaskDue', told(METRICS.oldestTaskDue), OLDEST_DUE_MINUTES * 60_000, task, NOT_BREACHING);
  const open = 'a feed has failed time after time, and is tried seldom now: the log says why';
  alarm('OpenFeeds', told(METRICS.openFeeds), 1, open, NOT_BREACHING);
}

/** A metric that the schedule writes. */
export function ofApp(app: string, metricName: string): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { App: app },
    period: PERIOD,
    statistic: Stats.MAXIMUM,
  });
}
