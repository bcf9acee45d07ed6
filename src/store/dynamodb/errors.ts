/** What a failure of DynamoDB, or of the connection to it, means. It sends and repeats nothing. */
import { innermostReason, TidegateError } from '../../base/errors.ts';

/** DynamoDB refused the request without effect, so the same request may be sent again. */
const REFUSED = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);
/** Node's codes for a connection that broke. */
const BROKEN = new Set<unknown>(['ECONNRESET', 'EPIPE']);
const CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);
/** The table has other keys than ours, or lacks our index; in the words of AWS and of DynamoDB Local. */
const OTHER_TABLE =
  /does not match the schema|Missing the key|Type mismatch for key|specified index|Query condition missed key schema|conditions on the keys|required keys was not given/i;

/** A limit of throughput: of the table, of one partition, or of the account. */
const THROTTLED = /ProvisionedThroughputExceeded|RequestLimitExceeded|Throttling|ThrottlingError/;
/** A limit of the table or of the account that does not pass by itself. */
const FULL = /ItemCollectionSizeLimitExceeded|LimitExceededException/;
const NO_REGION = /region is missing|region not accepted/i;
/** Defects of ours; among them a commit's id that was used for two commits. */
const WRONG = new Set(['IdempotentParameterMismatchException', 'SerializationException', 'ValidationException']);

export function isRefused(error: unknown): boolean {
  return REFUSED.has(nameOf(error)) || isMisdated(error);
}

/**
 * The time of the request's signature was wrong. The client has corrected its clock by the answer, so the next try has
 * the right time.
 */
function isMisdated(error: unknown): boolean {
  const { clockSkewCorrected } = (error as { $metadata?: { clockSkewCorrected?: boolean } } | null)?.$metadata ?? {};
  return clockSkewCorrected === true;
}

/** The engine failed half-way, so only a request that may take effect twice without harm may be sent again. */
export function isInternal(error: unknown): boolean {
  return nameOf(error) === 'InternalServerError';
}

/** The connection ended without an answer. A connection that could not be made does not count. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(error.code);
}

/**
 * Makes `invalid_config` of what the operator can mend, `internal` of a request that DynamoDB cannot take, `store_full` of a
 * limit that does not pass by itself, and `store_unavailable` of the rest.
 */
export function toTidegateError(error: unknown, table: string): TidegateError {
  if (error instanceof TidegateError) return error;
  const name = nameOf(error);
  const cause = withoutData(error);
  if (name === 'ResourceNotFoundException' || (name === 'ValidationException' && OTHER_TABLE.test(String(error)))) {
    return new TidegateError('invalid_config', `DYNAMODB_TABLE: there is no table ${table} of Tidegate's here`, {
      field: 'DYNAMODB_TABLE',
      expected: 'a table of Tidegate in the region AWS_REGION of the account that AWS_ACCESS_KEY_ID belongs to',
      cause,
    });
  }
  if (name === 'AccessDeniedException') {
    return new TidegateError(
      'invalid_config',
      `AWS does not allow what the table ${table} needs: ${innermostReason(cause)}`,
      {
        field: 'DYNAMODB_TABLE',
        expected:
          'a table that the credentials may use: GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem, BatchWriteItem and ' +
          'ConditionCheckItem on it and on its index, and its key in KMS, where it has one',
        cause,
      },
    );
  }
  if (NO_REGION.test(String(error))) {
    return new TidegateError('invalid_config', 'AWS_REGION is not set, or is no region', {
      field: 'AWS_REGION',
      expected: 'the region of the table, e.g. eu-central-1',
      cause,
    });
  }
  if (CREDENTIALS.has(name) || /credential is missing/i.test(String(error))) {
    return new TidegateError('invalid_config', `AWS refused the credentials, or found none (${name})`, {
      field: 'AWS_ACCESS_KEY_ID',
      expected:
        'credentials that may use the table at DYNAMODB_TABLE: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or a role',
      cause,
    });
  }
  if (WRONG.has(name)) {
    return new TidegateError('internal', 'DynamoDB could not take a request', { cause });
  }
  const told = `${name} ${innermostReason(cause)}`;
  // A transaction that is cancelled names the reason of each of its operations in its message.
  if (THROTTLED.test(told)) {
    return new TidegateError('store_unavailable', `DynamoDB holds requests to the table ${table} back: ${told}`, {
      retryAfterMs: 5_000,
      hint: "raise the table's or the account's limits of throughput, or let feeds bring less",
      cause,
    });
  }
  if (FULL.test(told)) return refusedAsFull(table, cause);
  const message = `the dynamodb store cannot be reached: ${innermostReason(cause)}`;
  return new TidegateError('store_unavailable', message, { retryAfterMs: 1_000, cause });
}

/** The error for a limit that does not pass by itself; what was asked for was not done. */
export function refusedAsFull(table: string, cause: Error): TidegateError {
  return new TidegateError('store_full', `the table ${table} is at a limit of DynamoDB: ${innermostReason(cause)}`, {
    hint: 'ask AWS to raise it, or let streams keep less (retention)',
    retryAfterMs: 10_000,
    cause,
  });
}

/**
 * Keeps only name and message. The client's errors carry the items of a cancelled transaction and whole answers, which
 * no log should have.
 */
export function withoutData(error: unknown): Error {
  const kept = new Error(error instanceof Error ? error.message : String(error));
  kept.name = nameOf(error);
  return kept;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
