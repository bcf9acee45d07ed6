/** Topic names and topic filters (MQTT 5.0, section 4.7). Shared subscriptions are refused. Pure. */
import { fnv1a } from '../../base/digest.ts';
import { utf8Bytes } from '../../base/json.ts';

export const LONGEST_TOPIC_BYTES = 65_535;

/** What is expected of a topic filter that is not valid; null if it is valid. */
export function filterMistake(filter: string): string | null {
  if (filter === '' || filter.includes('\u0000') || utf8Bytes(filter) > LONGEST_TOPIC_BYTES) {
    return 'a topic filter of 1 to 65,535 bytes, without a null character';
  }
  if (filter.startsWith('$share/')) {
    return 'a filter of its own: a shared subscription gives messages of this feed to other sessions';
  }
  const levels = filter.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) return '# alone in the last level only';
    if (level.includes('+') && level !== '+') return '+ alone in its level';
  }
  return null;
}

/**
 * Makes the test whether a topic matches; a filter that begins with a wildcard does not match topics that begin with
 * `$`.
 */
export function topicMatcher(filter: string): (topic: string) => boolean {
  const wanted = filter.split('/');
  const wild = filter.startsWith('+') || filter.startsWith('#');
  if (!filter.includes('+') && !filter.includes('#')) return (topic) => topic === filter;
  return (topic) => {
    if (wild && topic.startsWith('$')) return false;
    const levels = topic.split('/');
    for (const [index, level] of wanted.entries()) {
      if (level === '#') return true;
      if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
    }
    return levels.length === wanted.length;
  };
}

/** Whether every topic that `narrow` matches is matched by `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  const a = wide.split('/');
  const b = narrow.split('/');
  // `#` and `+/…` do not match topics that begin with `$`, but a filter whose first level is literal may.
  if ((a[0] === '#' || a[0] === '+') && narrow.startsWith('$')) return false;
  for (const [index, level] of a.entries()) {
    if (level === '#') return true;
    const other = b[index];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  return a.length === b.length;
}

/** The filters in their order, without repetitions and without those that another filter covers. */
export function withoutCovered(filters: readonly string[]): string[] {
  const distinct = [...new Set(filters)];
  return distinct.filter((filter) => !distinct.some((other) => other !== filter && covers(other, filter)));
}

/** A level of a topic, counted from 0; null where it has no such level. */
export function topicLevel(topic: string, level: number): string | null {
  return topic.split('/')[level] ?? null;
}

/**
 * A subscription identifier (1 to 268,435,455) that depends on the filter alone. So the identifiers of messages that the
 * broker queued still hold after the app was changed. It is an FNV-1a hash; two filters with the same number are only not
 * distinguished.
 */
export function subscriptionId(filter: string): number {
  return 1 + (fnv1a(filter) % 268_435_455);
}

/** The identifier of the same subscription while the broker is asked for its retained messages. */
export function askingId(filter: string): number {
  return subscriptionId(`${filter}\u0000`);
}
