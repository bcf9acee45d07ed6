/**
 * The DynamoDB table as plain data: what creates it (an infrastructure stack, a development server, a test) and what uses
 * it read the same. All apps of a deployment may share one. Each name is the URI-encoded app, a kind, and what is named:
 *
 *   kind      pk            sk      attributes
 *   record    <app>#r#<partition>  id      v value (JSON), n version, e expiry; dq, da where it is in a queue
 *   segment   <app>#l#<log>        place   c entries, t append time, p epoch, n commit; d (deflated JSON) or j (JSON); m how many
 *                                          entries of the same append stand in segments behind it, where there are any
 *   tombstone <app>#l#<log>        place   a segment that was trimmed: keeps its place taken against late writers
 *   head      <app>#l#<log>        ~       f floor, o the oldest place not yet removed; only once a log was trimmed
 *   commit    <app>#c#<id>         .       k the cursors that a commit answered
 *   counter   <app>#n#<key>        .       t total, e expiry
 *
 * `x` is the engine's own time to live in epoch seconds, always long after ours: it only collects garbage. `da` carries the
 * record's expiry behind its due time, so that the index needs keys only.
 */
export const DYNAMODB_TABLE = {
  partitionKey: { name: 'pk', type: 'S' },
  sortKey: { name: 'sk', type: 'S' },
  dueIndex: {
    name: 'due',
    partitionKey: { name: 'dq', type: 'S' },
    sortKey: { name: 'da', type: 'S' },
    projection: 'KEYS_ONLY',
  },
  billingMode: 'PAY_PER_REQUEST',
  ttlAttribute: 'x',
} as const;
