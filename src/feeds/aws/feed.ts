/**
 * Feeds that AWS Lambda fills: an event source hands over what comes, and nothing is pulled. The declaration says which kind of source
 * it is, the deployment says which one. `read-event.ts` takes events of the platform apart.
 */
import type { Feed } from '../../declare/feed.ts';
import { specProblems } from '../../declare/spec/problems.ts';
import { optionsOf } from '../kit/source-options.ts';
import type { SourceOptions } from './options.ts';
import { sourceSpec } from './spec.ts';

export type { SourceOptions, SourceRecord } from './options.ts';

/** The kinds of event sources, by which the deployment connects them. */
const SOURCE_KINDS = ['sqs', 'kinesis', 'eventbridge', 'iot'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** A feed that an event source fills. */
export interface SourceFeed extends Feed {
  type: SourceKind;
  items: SourceOptions['items'];
}

function handed(type: SourceKind, source: string, given: SourceOptions): SourceFeed {
  const options = optionsOf(given);
  return {
    kind: 'feed',
    type,
    source,
    pacing: {},
    replayable: true,
    handed: true,
    loses: {
      what: 'Nothing fills this stream here: an event source of AWS Lambda does.',
      fix: 'deploy it on AWS Lambda, with its source',
    },
    items: options.items,
    problems: () => specProblems(sourceSpec, options),
    // Nobody runs it.
    async *burst() {},
  };
}

/** Messages of a queue of SQS, each once within the stream's `dedupe`, by its id. */
export function sqs(options: SourceOptions = {}): SourceFeed {
  return handed('sqs', 'a queue of SQS', options);
}

/** Records of a data stream of Kinesis, each once within the stream's `dedupe`, by shard and sequence number. */
export function kinesis(options: SourceOptions = {}): SourceFeed {
  return handed('kinesis', 'a data stream of Kinesis', options);
}

/** Events of an EventBridge rule: their `detail`, each once within the stream's `dedupe`, by its id. */
export function eventBridge(options: SourceOptions = {}): SourceFeed {
  return handed('eventbridge', 'a rule of EventBridge', options);
}

/**
 * What the SQL of an IoT rule selects, each once however often Lambda tries. A message that its device sends twice has to have an id of
 * its own, which the stream declares.
 */
export function iot(options: SourceOptions = {}): SourceFeed {
  return handed('iot', 'a rule of AWS IoT Core', options);
}

export function isSourceFeed(feed: Feed): feed is SourceFeed {
  return feed.handed === true && SOURCE_KINDS.some((kind) => kind === feed.type);
}
