/** What a person should look at: functions that fail or are throttled, feeds that fail or bring nothing, and a schedule that does not keep up. */
import { Duration, type Stack } from 'aws-cdk-lib';
import { Alarm, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { METRICS, METRICS_NAMESPACE } from '../../src/hosts/lambda/metrics.ts';

export interface AlarmSettings {
  /** Dimension of the feeds' metrics: the app's name. */
  app: string;
  /** Age of the newest event from which a feed is too far behind, minutes. */
  feedLagMinutes: number;
  /** Is notified of each alarm; null: alarms show in the console alone. */
  topicArn: string | null;
}

const PERIOD = Duration.minutes(5);
/** The schedule comes every minute, so a feed that waits this long was passed over. */
const OLDEST_DUE_MINUTES = 5;

export function addAlarms(stack: Stack, functions: Record<string, IFunction>, settings: AlarmSettings): void {
  const topic = settings.topicArn === null ? null : Topic.fromTopicArn(stack, 'AlarmTopic', settings.topicArn);

  function alarm(id: string, metric: IMetric, threshold: number, alarmDescription: string, silence: TreatMissingData) {
    const made = new Alarm(stack, id, {
      metric,
      threshold,
      alarmDescription,
      evaluationPeriods: 1,
      treatMissingData: silence,
    });
    if (topic !== null) made.addAlarmAction(new SnsAction(topic));
  }

  for (const [name, target] of Object.entries(functions)) {
    const { NOT_BREACHING } = TreatMissingData;
    alarm(`${name}Errors`, target.metricErrors({ period: PERIOD }), 1, `${name} failed`, NOT_BREACHING);
    alarm(`${name}Throttles`, target.metricThrottles({ period: PERIOD }), 1, `${name} was throttled`, NOT_BREACHING);
  }
  const ofFeeds = (metricName: string) =>
    new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: { App: settings.app },
      period: PERIOD,
      statistic: Stats.MAXIMUM,
    });
  const { feedLagMinutes } = settings;
  // A feed that never brought anything has no lag. The other alarms show that it fails or is not worked.
  const lag = `the newest event of a feed is older than ${feedLagMinutes} minutes`;
  alarm('FeedLag', ofFeeds(METRICS.feedLag), feedLagMinutes * 60_000, lag, TreatMissingData.IGNORE);
  const due = `a feed has been due for ${OLDEST_DUE_MINUTES} minutes, or the schedule does not run`;
  alarm('OldestDue', ofFeeds(METRICS.oldestDue), OLDEST_DUE_MINUTES * 60_000, due, TreatMissingData.BREACHING);
  const open = 'a feed has failed time after time, and is tried seldom now: the log says why';
  alarm('OpenFeeds', ofFeeds(METRICS.openFeeds), 1, open, TreatMissingData.NOT_BREACHING);
}
