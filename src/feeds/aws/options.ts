/**
 * The options of feeds that event sources of AWS Lambda fill, as editors show them. Defaults stand in spec.ts, which is proved equal
 * to these types.
 */

/** What an event source handed over: a message, a record or an event. */
export interface SourceRecord {
  /** As the source names it, the same when it comes again: the message's id, the shard and sequence number, the event's id. Of one that was aggregated with its number. */
  id: string;
  /** What it holds: its JSON; a text where it is none; its bytes (`Uint8Array`) where they are no text, as of gzip. Of EventBridge `detail`. */
  data: unknown;
  /** The partition key of Kinesis, the message group of SQS, the `detail-type` of EventBridge. Null: it has none. */
  key: string | null;
  /** When it was sent, epoch ms. Null: the source does not say. */
  time: number | null;
  /** What else it came with: the message attributes of SQS as texts; `source`, `account` and `region` of EventBridge. */
  attributes: Readonly<Record<string, string>>;
}

export interface SourceOptions {
  /**
   * The items that a record holds, each the data of an event: `({ data }) => [JSON.parse(data.Message)]` takes messages of SNS out of
   * a queue. None: the record is left out. What it throws makes the record a dead letter. Default: one, its `data`.
   */
  items?: (record: SourceRecord) => readonly unknown[];
}
