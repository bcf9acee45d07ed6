/** Where feeds are handed their records from. */
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Source } from 'tidegate/aws';

export const sourcesOf = (queue: IQueue): Record<string, Source> => ({
  quotes: { kinesis: 'arn:aws:kinesis:eu-central-1:123456789012:stream/quotes' },
  jobs: { sqs: queue },
  plant: { iot: "SELECT *, topic(2) AS machine FROM 'plant/+/temperature'" },
  orders: { eventBridge: { source: ['shop'], detailType: ['Order'] } },
});
