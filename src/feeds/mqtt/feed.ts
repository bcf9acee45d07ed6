/**
 * The MQTT feed: a session at the broker that keeps what arrives between two bursts, drained in short ones. Delivery is at
 * least once: a message is acknowledged when it is stored, so one whose acknowledgement was lost comes again.
 */
import type { BurstContext, Feed, FeedBatch } from '../../declare/feed.ts';
import { declaredPacing } from '../kit/declared-pacing.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { MqttOutlet } from './messages.ts';
import type { MqttOptions } from './options.ts';
import { mqttProblems } from './problems.ts';
import { mqttSettings } from './settings.ts';
import { mqttRoutes } from './route.ts';
import { mqttOutlet } from './outlet.ts';

export type * from './messages.ts';
export type { MqttOptions, MqttPublishRule, MqttResponse, MqttRoute, MqttTopics } from './options.ts';

/**
 * A feed of what is published to topics of an MQTT broker; streams take their share with
 * `from('plant', { topic: 'plant/+/temperature', keyLevel: 1 })`, one that stands alone names its `topic` here.
 *
 * A lost session, and a broker's queue that was full where `brokerQueueLimit` says when it is, become `gap` events in each
 * of the streams. Retained messages are marked `meta.retained`; `meta.source` is the topic. A trickle is stored once per
 * burst, so that data must not wait longer than `budget.timeMs`: make it short where `everyMs` is.
 *
 * Every route gets a message once where the broker has subscription identifiers (MQTT 5). At 3.1.1 a broker may send a
 * message twice that matches two filters neither of which covers the other.
 *
 * With `topics.publish` the app can publish there too: see `MqttTopics`.
 */
export function mqtt(options: MqttOptions): Feed<MqttOutlet> {
  const { topics } = options;
  return {
    kind: 'feed',
    type: 'mqtt',
    source: URL.canParse(options.url) ? publicForm(new URL(options.url)) : 'mqtt, at what is no URL',
    pacing: declaredPacing(options),
    replayable: options.qos !== 0,
    route: mqttRoutes,
    problems: (targets) => mqttProblems(options, targets),
    burst: (context) => burst(options, context),
    ...(topics === undefined ? {} : { outlet: () => mqttOutlet(options, topics) }),
  };
}

/** Loads the protocol when a burst needs it, so that a Worker without MQTT does not run it. */
async function* burst(options: MqttOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const { drain } = await import('./drain.ts');
  yield* drain(mqttSettings(options), context);
}
