/**
 * The DynamoDB table as plain data. Code that creates the table (an infrastructure stack, a development server, a test)
 * and code that uses it read the same constant. All apps of a deployment may share one table. A partition key is made of
 * the URI-encoded app, a letter for the kind, and a name:
 *
 *   kind      pk            sk      attributes
 *   record    <app>#r#<partition>  id      v value (JSON), n version, e expiry; dq, da where it is in a queue
 *   segment   <app>#l#<log>        place   c entries, t append time, p epoch, n commit, b mark of the entry before it; d (deflated JSON) or j (JSON); m how many
 *                                          entries of the same append stand in segments behind it, where there are any;
 *                                          r how often it was rewritten, where entries of it were erased
 *   tombstone <app>#l#<log>        place   what is left of a trimmed segment, so that a late writer cannot take its place
 *   head      <app>#l#<log>        ~       f floor, o the oldest place not yet removed; absent until the log is trimmed
 *   commit    <app>#c#<id>         .       k the cursors that the commit answered
 *   counter   <app>#n#<key>        .       t total, e expiry
 *
 * `x` is the engine's own time to live, in epoch seconds. It is always long after the record's expiry and only collects
 * garbage. `da` holds the record's due time and behind it the expiry, so that the index needs keys only.
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
