/** The keys that a stream knows: those of which it keeps a latest event, as `read_latest` answers them. */
import type { Condition } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { isPerKey, passesKey, passesWhere } from '../conditions/scope.ts';
import { eachLatest } from '../log/read-latest.ts';
import type { LogScope } from '../scope.ts';

/** Whether silence is measured for each key, and the condition does not say of which ones. */
export function measuresEachKnown({ kind, key, perKey }: Pick<Condition, 'kind' | 'key' | 'perKey'>): boolean {
  const isNamed = typeof key === 'string' || (key !== undefined && 'oneOf' in key);
  return kind === 'absence' && !isNamed && isPerKey({ kind, perKey });
}

/**
 * The keys whose latest event passes, in the order of keys. A key whose latest event fails `where` is left out, because it
 * may be of a kind that is not meant. One store call for each 1,000 keys.
 */
export async function keysThatPass(
  scope: LogScope,
  stream: DeclaredStream,
  { key, where }: Pick<Condition, 'key' | 'where'>,
  most: number,
): Promise<string[]> {
  const keys: string[] = [];
  if (!stream.keyed) return keys;
  for await (const events of eachLatest(scope, stream)) {
    for (const event of events) {
      if (event.key === undefined || !passesKey(key, event.key) || !passesWhere(where, event.data)) continue;
      keys.push(event.key);
      if (keys.length >= most) return keys;
    }
  }
  return keys;
}
