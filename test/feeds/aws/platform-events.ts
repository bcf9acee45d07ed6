/** Events in the forms that the platform documents, each as its event source sends it. */

export interface Sent {
  id: string;
  text: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export const queueEvent = (messages: readonly Sent[], attributes: Record<string, string> = {}) => ({
  Records: messages.map(({ id, text }) => ({
    messageId: id,
    receiptHandle: `AQEB${id}`,
    body: text,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1745000000123',
      SenderId: 'AIDAIENQZJOLO23YVJ4VO',
      ApproximateFirstReceiveTimestamp: '1745000000129',
      ...attributes,
    },
    messageAttributes: {
      origin: { stringValue: 'till', stringListValues: [], binaryListValues: [], dataType: 'String' },
    },
    md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:my-queue',
    awsRegion: 'us-east-2',
  })),
});

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export const shardEvent = (records: readonly { id: string; text: string | Uint8Array }[]) => ({
  Records: records.map(({ id, text }) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: 'acme',
      sequenceNumber: id,
      data: Buffer.from(text as string).toString('base64'),
      approximateArrivalTimestamp: 1_745_000_000.123,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000006:${id}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
    awsRegion: 'us-east-2',
    eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
  })),
});

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overview.html */
export const bridgeEvent = (id: string, detail: unknown) => ({
  version: '0',
  id,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2025-04-18T18:13:20Z',
  region: 'us-east-1',
  resources: ['arn:aws:events:us-east-1:123456789012:rule/my-schedule'],
  detail,
});
