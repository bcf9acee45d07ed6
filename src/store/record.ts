/**
 * Kinds of records and of log entries. Each stored shape is declared once, beside the key that it is stored under:
 *
 *     export const feedPosition = record('position of a follower', () => z.string());
 *
 * The codec (`base/codec.ts`) says how versions are read. Nothing else turns stored JSON into a type.
 */
import type * as z from 'zod';
import { type Codec, createCodec, type Versions } from '../base/codec.ts';
import { type Append, isPresent, type LogEntry, type Put, type Reading, type RecordKey } from './store.ts';

export interface RecordType<Value> extends Codec<Value> {
  /** The record's value; null where it is absent. @throws TidegateError as `decode` */
  read(reading: Reading): Value | null;
  put(key: RecordKey, value: Value, options: Omit<Put, 'kind' | 'value' | keyof RecordKey>): Put;
  /**
   * A put that replaces what was read.
   * @throws TidegateError `newer_version` where a newer release wrote that, which must not be overwritten
   */
  replace(reading: Reading, value: Value, options?: Pick<Put, 'expiresAt' | 'due'>): Put;
}

export interface LogEntryType<Value> extends Codec<Value> {
  /** @throws TidegateError as `decode` */
  read(entry: Pick<LogEntry, 'value'>): Value;
  append(log: string, values: readonly Value[]): Append;
}

export function record<Value>(
  name: string,
  schema: () => z.ZodType<Value>,
  versions: Versions<Value> = {},
): RecordType<Value> {
  const codec = createCodec(name, schema, versions);
  const put: RecordType<Value>['put'] = ({ partition, id }, value, options) => {
    return { kind: 'put', partition, id, value: codec.encode(value), ...options };
  };
  return {
    ...codec,
    read: (reading) => (isPresent(reading) ? codec.decode(reading.value) : null),
    put,
    replace(reading, value, options = {}) {
      if (isPresent(reading)) codec.decode(reading.value);
      return put(reading, value, { expects: reading.version, ...options });
    },
  };
}

export function logEntry<Value>(
  name: string,
  schema: () => z.ZodType<Value>,
  versions: Versions<Value> = {},
): LogEntryType<Value> {
  const codec = createCodec(name, schema, versions);
  return {
    ...codec,
    read: ({ value }) => codec.decode(value),
    append: (log, values) => ({ kind: 'append', log, entries: values.map((value) => codec.encode(value)) }),
  };
}
