/**
 * What a feed knows of the retained messages of its topics, so that it takes only those that tell something new. A broker
 * sends the retained messages whenever it is asked, however often they were sent before. It keeps the newest retained
 * message of each topic, whatever was published to the topic without the mark.
 *
 * A retained message is known if it is the one that was sent when the broker was asked before, or the last that was
 * published to its topic since. All others were retained while nobody listened: they are what holds now. A known one may
 * be older than what the stream has, so it is not taken again. With subscription identifiers (MQTT 5) a message says
 * whether it was retained when it was published, and then counts as sent. Otherwise one case is wrongly taken for known: a
 * value that went away and came back, while a message in between arrived and the last one did not.
 *
 * Topics and payloads are remembered as hashes of 32 bits. Pure.
 */
import { fnv1a, fnv1aOfBytes } from '../../base/digest.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';
import type { Publication } from './packets.ts';

/** The memory as a position holds it. */
export interface RetainedState {
  /** Hashes of topic and payload, packed. */
  known: string;
  /** Only topics whose hash is below this are compared; all others count as known. Absent: all are compared. */
  below?: number;
}

export interface RetainedMemory {
  /**
   * Judges a retained message that came since the broker was asked, and changes nothing. `more`: it came already. The
   * broker sends one for each subscription that matches.
   * @param copy the subscriptions that this copy of the message is for, if the broker says so
   */
  judge(publication: Publication, copy: string): 'news' | 'known' | 'more';
  /** Takes note of a message that was judged to be news, or known. */
  sent(publication: Publication, copy: string): void;
  /** Takes note of a message that was published. One that does not say so may have been retained too. */
  heard(publication: Publication): void;
  /** The broker is asked from now on. */
  ask(): void;
  /** The broker has sent all that it retains. */
  complete(): void;
  state(): RetainedState;
  /** How many topics are beyond those that a position can hold. */
  beyond(): number;
}

/** Topics with a retained message that a position holds, and all hashes that it holds; 5.4 bytes each. */
export const MOST_STORED = 1_500;
const MOST_HASHES = 2_000;
/** Topics that are remembered while a connection lasts. */
const MOST_TOPICS = 20_000;

interface Topic {
  /** The message that the broker retains, as far as is known. */
  retained: number | null;
  /** The last one that may or may not be retained. */
  last: number | null;
  /** What came since the broker was asked, in which copies. */
  asked: { hash: number; isNews: boolean; copies: Set<string> } | null;
}

/**
 * @param before the memory that the position holds. Null: nothing was ever read. `unwritten`: an earlier release read the
 * retained messages and did not write which, so those that are sent first count as known.
 */
export function createRetainedMemory(before: RetainedState | 'unwritten' | null): RetainedMemory {
  const topics = new Map<string, Topic>();
  let stored = new Set(before === null || before === 'unwritten' ? [] : unpackNumbers(before.known));
  let below = before === null || before === 'unwritten' ? Infinity : (before.below ?? Infinity);
  /** Whether a topic of which nothing is remembered has a message that was read before. */
  let countsAsRead = before === 'unwritten';
  let isFull = false;

  function topicOf(name: string): Topic | null {
    const found = topics.get(name);
    if (found) return found;
    if (topics.size >= MOST_TOPICS) {
      isFull = true;
      return null;
    }
    const topic = { retained: null, last: null, asked: null };
    topics.set(name, topic);
    return topic;
  }

  function isKnown(name: string, hash: number): boolean {
    const topic = topics.get(name);
    if (topic && (hash === topic.retained || hash === topic.last)) return true;
    if (topic && topic.retained !== null) return false;
    return countsAsRead || stored.has(hash) || fnv1a(name) >= below;
  }

  function judge(publication: Publication, copy: string): 'news' | 'known' | 'more' {
    const hash = hashOf(publication);
    const asked = topics.get(publication.topic)?.asked;
    if (asked?.copies.has(copy)) return 'more';
    const isNews = asked?.hash === hash ? asked.isNews : !isKnown(publication.topic, hash);
    return isNews ? 'news' : 'known';
  }

  return {
    judge,
    sent(publication, copy) {
      const isNews = judge(publication, copy) === 'news';
      const topic = topicOf(publication.topic);
      if (topic === null) return;
      const hash = hashOf(publication);
      topic.asked = { hash, isNews, copies: new Set(topic.asked?.copies).add(copy) };
      if (hash !== topic.retained) topic.last = null;
      topic.retained = hash;
    },
    heard(publication) {
      const topic = topicOf(publication.topic);
      if (topic === null) return;
      const hash = hashOf(publication);
      topic.last = publication.retain ? null : hash;
      if (publication.retain) topic.retained = hash;
    },
    ask() {
      for (const topic of topics.values()) topic.asked = null;
    },
    complete() {
      // A topic that was never seen has nothing retained now. Where not all could be remembered, nobody knows.
      countsAsRead = isFull;
      stored = new Set();
      below = Infinity;
    },
    state() {
      const { hashes, limit } = storable([...topics], stored);
      const bound = Math.min(limit, below);
      return { known: packNumbers(hashes), ...(bound === Infinity ? {} : { below: bound }) };
    },
    beyond: () => Math.max(0, [...topics.values()].filter(({ retained }) => retained !== null).length - MOST_STORED),
  };
}

/** The hashes to store. Of too many topics those with the least hashes are stored, all below `limit`. */
function storable(
  topics: readonly (readonly [string, Topic])[],
  stored: ReadonlySet<number>,
): { hashes: number[]; limit: number } {
  let limit = Infinity;
  let retained = topics.filter(([, topic]) => topic.retained !== null);
  if (retained.length > MOST_STORED) {
    const order = retained.map(([name]) => fnv1a(name)).sort((a, b) => a - b);
    limit = order[MOST_STORED] as number;
    retained = retained.filter(([name]) => fnv1a(name) < limit);
  }
  const hashes = new Set(retained.map(([, topic]) => topic.retained as number));
  const others = [...retained.flatMap(([, { last }]) => last ?? []), ...stored];
  for (const hash of others) if (hashes.size < MOST_HASHES) hashes.add(hash);
  return { hashes: [...hashes], limit };
}

function hashOf(publication: Publication): number {
  const topic = fnv1a(`${publication.topic}\u0000`);
  // The payload of a message above the limit was not read.
  if (publication.cmd === 'oversized') return fnv1a(String(publication.length), topic);
  return fnv1aOfBytes(publication.payload as Uint8Array, topic);
}
