/** The stream in which an app records who published to which topic. It never holds a payload, which may be a secret. */
import * as z from 'zod';
import { type Retention, type Stream, stream } from '../../declare/stream.ts';

export const PublishRecord = z.object({
  subject: z.string().describe('Who published'),
  client: z.string().nullable().describe('With which client'),
  action: z.enum(['publish', 'request']),
  feed: z.string(),
  topic: z.string(),
  bytes: z.number().meta({ unit: 'B' }).describe('Size of the payload'),
  qos: z.number(),
  retained: z.boolean(),
  outcome: z
    .enum(['acknowledged', 'sent', 'refused', 'unknown', 'declined', 'failed'])
    .describe('failed: nothing was sent, because the broker could not be reached or does not take such messages'),
  reason: z.string().nullable(),
});
export type PublishRecord = z.output<typeof PublishRecord>;

/** An example of each kind of record, to check that a stream of the app accepts it. */
export const EXAMPLE_RECORDS: readonly PublishRecord[] = (['publish', 'request'] as const).flatMap((action) =>
  PublishRecord.shape.outcome.options.map((outcome, index) => ({
    subject: 'someone',
    client: index === 0 ? null : 'client',
    action,
    feed: 'plant',
    topic: 'plant/valve',
    bytes: 1,
    qos: index % 2,
    retained: index === 0,
    outcome,
    reason: index === 0 ? null : 'a reason',
  })),
);

/** A stream for `topics.audit`, with a record of each publication. */
export function publishAudit(options: { description?: string; retention?: Retention } = {}): Stream<PublishRecord> {
  const { description = 'What was published, by whom, and what became of it', retention } = options;
  return stream({ description, schema: PublishRecord, ...(retention === undefined ? {} : { retention }) });
}
